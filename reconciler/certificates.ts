import { join } from 'node:path'
import type { ApiServer } from './api/server.ts'
import type { Clock } from './lib/clock.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import { adminOrganization, openPki, type Pki } from './lib/pki.ts'

/** Certificates end in months; a look each hour is often enough. */
const renewalMs = 3_600_000

/** Renews the certificate of the API in good time, until the timer is cleared. */
export function keepRenewed(api: Pick<ApiServer, 'setTls'>, pki: Pki, log: Logger): NodeJS.Timeout {
  return setInterval(() => void renewCertificate(api, pki, log), renewalMs)
}

async function renewCertificate(api: Pick<ApiServer, 'setTls'>, pki: Pki, log: Logger): Promise<void> {
  try {
    api.setTls({ ca: pki.ca, ...(await pki.server()) })
  } catch (error) {
    log.error({ error: describeError(error) }, 'cannot renew the certificate of the API')
  }
}

/** A new certificate of the owner of this installation. */
export async function ownerCertificate(pki: Pki): Promise<{ readonly cert: string; readonly key: string }> {
  return await pki.issueClientCertificate({ commonName: 'owner', organization: adminOrganization })
}

/** Makes a join token for a node from another process than the reconciler's. */
export async function createJoinToken(options: {
  readonly stateDir: string
  readonly node: string
  readonly ttlSeconds: number
  readonly clock: Clock
}): Promise<string> {
  const pki = await openPki({ dir: join(options.stateDir, 'pki'), clock: options.clock })
  return await pki.createJoinToken(options.node, { ttlSeconds: options.ttlSeconds })
}
