import type { ObjectKey } from '../../reconciler/lib/object-key.ts'

/** One worker at a time for each key. */
export type Locks = {
  /** Waits for all keys and takes them; the result frees them. @throws the signal's reason, with nothing taken */
  acquire(keys: Iterable<ObjectKey>, signal: AbortSignal): Promise<() => void>
}

export function createLocks(): Locks {
  const tails = new Map<ObjectKey, Promise<void>>()
  const take = async (key: ObjectKey, signal: AbortSignal): Promise<() => void> => {
    const before = tails.get(key) ?? Promise.resolve()
    const held = Promise.withResolvers<void>()
    const tail = before.then(() => held.promise)
    tails.set(key, tail)
    const free = (): void => {
      held.resolve()
      if (tails.get(key) === tail) tails.delete(key)
    }
    try {
      await abortable(before, signal)
      return free
    } catch (error) {
      free()
      throw error
    }
  }
  return {
    async acquire(keys, signal) {
      const frees: (() => void)[] = []
      try {
        // One order for everybody, so that two changes never wait for each other.
        for (const key of [...new Set(keys)].sort()) frees.push(await take(key, signal))
      } catch (error) {
        for (const free of frees) free()
        throw error
      }
      return () => frees.forEach((free) => free())
    },
  }
}

/** At most so many workers at a time. */
export type Slots = { acquire(signal: AbortSignal): Promise<() => void> }

export function createSlots(count: number): Slots {
  let free = count
  const queue: (() => void)[] = []
  const release = (): void => {
    const next = queue.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    async acquire(signal) {
      signal.throwIfAborted()
      if (free > 0) {
        free -= 1
        return release
      }
      const turn = Promise.withResolvers<void>()
      queue.push(turn.resolve)
      try {
        await abortable(turn.promise, signal)
        return release
      } catch (error) {
        const place = queue.indexOf(turn.resolve)
        // A turn that came at the same moment is handed on.
        if (place === -1) release()
        else queue.splice(place, 1)
        throw error
      }
    },
  }
}

/** Waits for a promise, or for the signal, which rejects with its reason. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
