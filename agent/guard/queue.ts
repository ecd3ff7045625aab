import type { ObjectKey } from '../../reconciler/lib/object-key.ts'

/** One task of a key at a time. */
export type KeyQueue = {
  run<T>(key: ObjectKey, task: () => Promise<T>): Promise<T>
  /** Adds a task unless one of the same kind waits already: it will see the newest state. */
  once(key: ObjectKey, task: () => Promise<void>, failed: (error: unknown) => void): void
  /** Resolves when no task is left. */
  settled(): Promise<void>
}

export function createQueue(): KeyQueue {
  const tails = new Map<ObjectKey, Promise<unknown>>()
  const waiting = new Set<ObjectKey>()
  const run = async <T>(key: ObjectKey, task: () => Promise<T>): Promise<T> => {
    const current = (tails.get(key) ?? Promise.resolve()).then(task)
    const tail = current.catch(() => undefined)
    tails.set(key, tail)
    try {
      return await current
    } finally {
      if (tails.get(key) === tail) tails.delete(key)
    }
  }
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
    async settled() {
      while (tails.size > 0) await Promise.all(tails.values())
    },
  }
}
