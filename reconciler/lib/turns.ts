/** One task of a key at a time; a failed one does not stop the next. */
export type Turns = {
  <T>(key: string, task: () => Promise<T>): Promise<T>
  /** True while a task of this key runs or waits. */
  readonly isBusy: (key: string) => boolean
  /** Resolves when no task is left. */
  readonly settled: () => Promise<void>
}

/** Tasks of one key in the order in which they came; those of others do not wait for them. */
export function createTurns(): Turns {
  const tails = new Map<string, Promise<unknown>>()
  const inTurn = async <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const current = (tails.get(key) ?? Promise.resolve()).then(task)
    const tail = current.catch(() => undefined)
    tails.set(key, tail)
    try {
      return await current
    } finally {
      if (tails.get(key) === tail) tails.delete(key)
    }
  }
  const settled = async (): Promise<void> => {
    while (tails.size > 0) await Promise.all(tails.values())
  }
  return Object.assign(inTurn, { isBusy: (key: string) => tails.has(key), settled })
}
