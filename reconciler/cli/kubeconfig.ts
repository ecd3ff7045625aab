import { existsSync, readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { dirname, join, resolve } from 'node:path'
import { load } from 'js-yaml'
import { GitvirtError } from '../lib/errors.ts'

/** Where `gitvirt up` keeps its state unless told otherwise. */
export const defaultStateDir = '/var/lib/gitvirt'

export type KubeconfigOptions = { readonly kubeconfig?: string; readonly context?: string }

/** A server and how to speak to it. */
export type Connection = {
  readonly server: string
  readonly namespace: string
  /** TLS and header options of a request. */
  tls(): Promise<RequestOptions>
}

type Named<K extends string, V> = readonly ({ readonly name: string } & { readonly [key in K]?: V })[]
type Cluster = {
  readonly server?: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'tls-server-name'?: string
  readonly 'proxy-url'?: string
}
type User = Readonly<Record<string, unknown>>
type Config = {
  readonly clusters?: Named<'cluster', Cluster>
  readonly users?: Named<'user', User>
  readonly contexts?: Named<'context', { readonly cluster: string; readonly user: string; readonly namespace?: string }>
  readonly 'current-context'?: string
}

/** What can be read without a plug-in; kubeconfigs with anything else go to client-node. */
const plainUser = new Set(['client-certificate', 'client-certificate-data', 'client-key', 'client-key-data', 'token'])

/**
 * Finds the kubeconfig (the flag, $GITVIRT_KUBECONFIG, the state folder's, $KUBECONFIG) and reads its context.
 * A file with embedded or named certificates or a token, as gitvirt writes it, is read here, because loading client-node takes
 * longer than most commands; exec plug-ins, auth providers and the like are client-node's.
 * Source of the format: Kubernetes' client-go clientcmd API v1.
 * @throws GitvirtError `NoKubeconfig`, `InvalidKubeconfig`
 */
export function readConnection(options: KubeconfigOptions): Connection {
  const file = findKubeconfig(options)
  const config = readConfig(file)
  const name = options.context ?? config['current-context']
  const context = config.contexts?.find((one) => one.name === name)?.context
  const cluster = config.clusters?.find((one) => one.name === context?.cluster)?.cluster
  const user = config.users?.find((one) => one.name === context?.user)?.user ?? {}
  if (context === undefined || cluster?.server === undefined) {
    throw new GitvirtError({
      code: 'InvalidKubeconfig',
      message: `${file} has no context "${name ?? ''}" with a server.`,
      action: 'Check --kubeconfig and --context.',
    })
  }
  const plain = Object.keys(user).every((key) => plainUser.has(key)) && cluster['proxy-url'] === undefined
  return {
    server: cluster.server,
    namespace: context.namespace ?? 'default',
    tls: async () => (plain ? plainOptions(dirname(file), cluster, user) : await clientNodeOptions(file, name)),
  }
}

function readConfig(file: string): Config {
  try {
    const config: unknown = load(readFileSync(file, 'utf8'))
    if (config !== null && typeof config === 'object') return config
    throw new Error('it holds no mapping')
  } catch (cause) {
    throw new GitvirtError({
      code: 'InvalidKubeconfig',
      message: `${file} cannot be read as a kubeconfig: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}.`,
      action: 'Name another file with --kubeconfig or $GITVIRT_KUBECONFIG.',
      cause,
    })
  }
}

function findKubeconfig(options: KubeconfigOptions): string {
  const own =
    options.kubeconfig ?? process.env['GITVIRT_KUBECONFIG'] ?? join(process.env['GITVIRT_STATE_DIR'] ?? defaultStateDir, 'kubeconfig')
  if (existsSync(own)) return own
  const kubectls = options.kubeconfig === undefined ? process.env['KUBECONFIG'] : undefined
  if (kubectls !== undefined && existsSync(kubectls)) return kubectls
  throw new GitvirtError({
    code: 'NoKubeconfig',
    message: `There is no kubeconfig at ${own}.`,
    action: 'Start "gitvirt up" first, or name the file with --kubeconfig or $GITVIRT_KUBECONFIG.',
  })
}

function plainOptions(folder: string, cluster: Cluster, user: User): RequestOptions {
  const ca = material(folder, cluster, 'certificate-authority')
  const cert = material(folder, user, 'client-certificate')
  const key = material(folder, user, 'client-key')
  const token = user['token']
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
    ...(cluster['tls-server-name'] === undefined ? {} : { servername: cluster['tls-server-name'] }),
    ...(typeof token === 'string' ? { headers: { authorization: `Bearer ${token}` } } : {}),
  }
}

/** PEM from `<name>-data` in base64, else from the file `<name>`, relative to the kubeconfig. */
function material(folder: string, holder: Readonly<Record<string, unknown>>, name: string): Buffer | undefined {
  const data = holder[`${name}-data`]
  if (typeof data === 'string') return Buffer.from(data, 'base64')
  const file = holder[name]
  return typeof file === 'string' ? readFileSync(resolve(folder, file)) : undefined
}

async function clientNodeOptions(file: string, context: string | undefined): Promise<RequestOptions> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromFile(file)
  if (context !== undefined) config.setCurrentContext(context)
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  return options
}
