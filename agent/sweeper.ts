import type { Clock } from '../reconciler/lib/clock.ts'
import { describeError } from '../reconciler/lib/errors.ts'
import type { Logger } from '../reconciler/lib/log.ts'
import type { ObjectKey } from '../reconciler/lib/object-key.ts'
import type { VolumeDriver } from './drivers/types.ts'

export type SweeperOptions = {
  readonly volumes: Pick<VolumeDriver, 'sweep'>
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds that changes are gathered for; default 1,000. */
  readonly gatherMs?: number
  /** Most milliseconds between two sweeps; default 10 minutes. */
  readonly mostMs?: number
}

export type Sweeper = {
  /** An object changed: a volume may have gone into quarantine, or its time may be another. */
  changed(key: ObjectKey): void
  close(): void
}

/** Deletes quarantined volumes when their time has come: it sleeps until the first of them is due. */
export function createSweeper({ volumes, clock, log, gatherMs = 1000, mostMs = 600_000 }: SweeperOptions): Sweeper {
  let timer: NodeJS.Timeout | undefined
  let dueAt = Number.POSITIVE_INFINITY
  let closed = false
  const wakeIn = (milliseconds: number): void => {
    const at = clock.monotonic() + milliseconds
    if (closed || at >= dueAt) return
    clearTimeout(timer)
    dueAt = at
    timer = setTimeout(() => void sweep(), milliseconds)
  }
  const sweep = async (): Promise<void> => {
    dueAt = Number.POSITIVE_INFINITY
    let next: Date | undefined
    try {
      next = await volumes.sweep()
    } catch (error) {
      log.warn({ error: describeError(error) }, 'cannot delete quarantined volumes')
    }
    const wait = next === undefined ? mostMs : next.getTime() - clock.now().getTime()
    // The wall clock may be set back meanwhile, so no sleep is longer than the most.
    wakeIn(Math.min(mostMs, Math.max(gatherMs, wait)))
  }
  wakeIn(gatherMs)
  return {
    changed(key) {
      if (key.startsWith('DataVolume/')) wakeIn(gatherMs)
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
