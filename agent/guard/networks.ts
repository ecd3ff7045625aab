import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../reconciler/lib/errors.ts'
import type { Logger } from '../../reconciler/lib/log.ts'
import { readIfPresent, writePrivateFile } from '../../reconciler/lib/private-file.ts'
import type { NetworkDriver } from '../drivers/types.ts'

export type RestoreOptions = {
  readonly stateDir: string
  readonly log: Logger
  readonly signal: AbortSignal
  /** The kernel's id of this boot; default: the running one's. Source: random(4), /proc/sys/kernel/random/boot_id. */
  readonly bootId?: string
}

/**
 * After a reboot, applies the policies whose settings are gone, without waiting for a reconciler: guests need their bridges
 * before they start. Within one boot drift is the reconciler's to plan. Never throws: a policy that fails tells so itself.
 */
export async function restoreNetworks(networks: Pick<NetworkDriver, 'observe' | 'apply'>, options: RestoreOptions): Promise<void> {
  const path = join(options.stateDir, 'boot-id')
  const bootId = options.bootId ?? (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const before = await readIfPresent(path)
  if (before === bootId) return
  if (before !== undefined) await reapply(networks, options)
  await writePrivateFile(path, bootId)
}

async function reapply(networks: Pick<NetworkDriver, 'observe' | 'apply'>, { log, signal }: RestoreOptions): Promise<void> {
  for (const { key, applied, drift } of await networks.observe()) {
    if (applied === undefined || drift.length === 0) continue
    log.info({ key, drift: drift.length }, 'restoring a network policy after a reboot')
    try {
      await networks.apply(applied, signal)
    } catch (error) {
      log.warn({ key, error: describeError(error) }, 'a network policy could not be restored after a reboot')
    }
  }
}
