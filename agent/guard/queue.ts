import type { ObjectKey } from '../../reconciler/lib/object-key.ts'
import { createTurns } from '../../reconciler/lib/turns.ts'

/** One task of a key at a time. */
export type KeyQueue = {
  run<T>(key: ObjectKey, task: () => Promise<T>): Promise<T>
  /** Adds a task unless one of the same kind waits already: it will see the newest state. */
  once(key: ObjectKey, task: () => Promise<void>, failed: (error: unknown) => void): void
  /** Resolves when no task is left. */
  settled(): Promise<void>
}

export function createQueue(): KeyQueue {
  const run = createTurns()
  const waiting = new Set<ObjectKey>()
  return {
    run,
    once(key, task, failed) {
      if (waiting.has(key)) return
      waiting.add(key)
      run(key, async () => {
        waiting.delete(key)
        await task()
      }).catch(failed)
    },
    settled: run.settled,
  }
}
