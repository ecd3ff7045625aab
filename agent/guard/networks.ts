import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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
  /** Milliseconds before the second round; default 5,000. */
  readonly firstDelay?: number
}

type Networks = Pick<NetworkDriver, 'drifted' | 'apply'>

/** Milliseconds before the second round; doubled for each more, up to the most. */
const delays = { first: 5_000, most: 600_000 } as const

/**
 * After a reboot, applies the policies whose settings are gone, without waiting for a reconciler: guests need their bridges
 * before they start. Within one boot drift is the reconciler's to plan. Resolves after one round; what that round did not
 * restore is tried again in the background, and only then the boot counts as seen. Never throws for a policy that fails.
 */
export async function restoreNetworks(networks: Networks, options: RestoreOptions): Promise<void> {
  const path = join(options.stateDir, 'boot-id')
  const bootId = options.bootId ?? (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const before = await readIfPresent(path)
  if (before === bootId) return
  const done = (): Promise<void> => writePrivateFile(path, bootId)
  if (before === undefined || (await reapply(networks, options))) await done()
  else void keepTrying(networks, options, done)
}

async function keepTrying(networks: Networks, options: RestoreOptions, done: () => Promise<void>): Promise<void> {
  const { signal, log, firstDelay = delays.first } = options
  try {
    for (let delay = firstDelay; ; delay = Math.min(delay * 2, delays.most)) {
      await sleep(delay, undefined, { signal, ref: false })
      if (await reapply(networks, options)) return await done()
    }
  } catch (error) {
    if (!signal.aborted) log.error({ error: describeError(error) }, 'the network policies are not restored any more')
  }
}

/** One round; true where the network could be read and every policy is in place. */
async function reapply(networks: Networks, { log, signal }: RestoreOptions): Promise<boolean> {
  try {
    let restored = true
    for (const policy of await networks.drifted()) {
      log.info({ key: policy.key }, 'restoring a network policy after a reboot')
      await networks.apply(policy, signal).catch((error: unknown) => {
        restored = false
        log.warn({ key: policy.key, error: describeError(error) }, 'a network policy could not be restored after a reboot')
      })
    }
    return restored
  } catch (error) {
    log.warn({ error: describeError(error) }, 'the network cannot be read after a reboot')
    return false
  }
}
