import { chmod, rename, writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'

export type KubeconfigOptions = {
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly name?: string
  readonly namespace?: string
}

/** A kubeconfig with everything embedded, as kubectl and client-node read it. */
export function kubeconfigText(options: KubeconfigOptions): string {
  const name = options.name ?? 'gitvirt'
  const data = (pem: string): string => Buffer.from(pem).toString('base64')
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server: options.server, 'certificate-authority-data': data(options.ca) } }],
      users: [{ name: 'owner', user: { 'client-certificate-data': data(options.cert), 'client-key-data': data(options.key) } }],
      contexts: [{ name, context: { cluster: name, user: 'owner', namespace: options.namespace ?? 'default' } }],
      'current-context': name,
    },
    { lineWidth: 0 },
  )
}

/** Writes the owner's kubeconfig, mode 0600, by an atomic rename: a reader never sees half of it, nor a key that others may read. */
export async function writeKubeconfig(path: string, options: KubeconfigOptions): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, kubeconfigText(options), { mode: 0o600 })
  // A left-over draft would keep its old mode.
  await chmod(draft, 0o600)
  await rename(draft, path)
}
