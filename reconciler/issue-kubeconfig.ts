import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { viewerGroup } from './api/access.ts'
import { kubeconfigText } from './api/kubeconfig.ts'
import type { Clock } from './lib/clock.ts'
import { GitvirtError } from './lib/errors.ts'
import { adminOrganization, openPki } from './lib/pki.ts'

export type KubeconfigRequest = {
  /** State folder of the reconciler: its authority signs. */
  readonly stateDir: string
  /** Name of the person or program, as it will stand in events and approvals. */
  readonly name: string
  readonly role: 'admin' | 'viewer'
  readonly days: number
  /** https://HOST:PORT; default: the one in the owner's kubeconfig. */
  readonly server?: string
  readonly clock: Clock
}

/**
 * A kubeconfig for one person, with a new client certificate. It works while a reconciler runs, and needs no restart of it.
 * @throws GitvirtError `NoReconciler` where no reconciler has run with this state folder
 */
export async function issueKubeconfig(request: KubeconfigRequest): Promise<string> {
  const server = await ownServer(request.stateDir)
  const pki = await openPki({ dir: join(request.stateDir, 'pki'), clock: request.clock })
  const organization = request.role === 'admin' ? adminOrganization : viewerGroup
  const { cert, key } = await pki.issueClientCertificate({ commonName: request.name, organization, days: request.days })
  return kubeconfigText({ server: request.server ?? server, ca: pki.ca, cert, key })
}

type Config = { readonly clusters?: readonly { readonly cluster?: { readonly server?: string } }[] }

async function ownServer(stateDir: string): Promise<string> {
  const file = join(stateDir, 'kubeconfig')
  try {
    const server = (parse(await readFile(file, 'utf8')) as Config | null)?.clusters?.[0]?.cluster?.server
    if (server !== undefined) return server
  } catch (cause) {
    throw new GitvirtError({
      code: 'NoReconciler',
      message: `There is no ${file}: no reconciler has run with this state folder.`,
      action: 'Run this where the reconciler runs, as its user, and name its state folder with --state-dir.',
      cause,
    })
  }
  throw new GitvirtError({
    code: 'InvalidKubeconfig',
    message: `${file} names no server.`,
    action: 'Restart the reconciler; it writes the file anew.',
  })
}
