import { setTimeout as sleep } from 'node:timers/promises'
import type { Revision } from './types.ts'

export type PollOptions = {
  readonly fetch: (signal: AbortSignal) => Promise<Revision>
  /** Called after every fetch, also when the commit is the same; awaited before the next. */
  readonly onRevision: (revision: Revision) => void | Promise<void>
  /** Called with the failure and the milliseconds until the next try. */
  readonly onError: (error: unknown, retryIn: number) => void
  /** Milliseconds between fetches; default 30,000. */
  readonly interval?: number
  /** Milliseconds that failures back off to; default 300,000. */
  readonly maxBackoff?: number
  /** A number in [0, 1); default Math.random. */
  readonly random?: () => number
}

export type Poller = {
  /** Fetches at once, or once more after the fetch under way. Resolves when that fetch is over, however it ended. */
  trigger(): Promise<void>
  /** Ends the loop and aborts a fetch under way. */
  stop(): Promise<void>
}

const firstBackoff = 1000
const jitter = 0.2

/** Milliseconds until the next fetch: the interval, or 1 s doubling with each failure in a row, spread by 20 %. */
export function nextDelay(failures: number, options: Pick<PollOptions, 'interval' | 'maxBackoff' | 'random'>): number {
  const interval = options.interval ?? 30_000
  const backoff = Math.min(firstBackoff * 2 ** Math.min(failures - 1, 30), options.maxBackoff ?? 300_000)
  const base = failures === 0 ? interval : backoff
  return Math.round(base * (1 - jitter / 2 + jitter * (options.random ?? Math.random)()))
}

/** Fetches again and again until stopped; never throws. The first fetch starts at once. */
export function startPolling(options: PollOptions): Poller {
  const end = new AbortController()
  let wake = new AbortController()
  let waiters: (() => void)[] = []
  const loop = async (): Promise<void> => {
    let failures = 0
    while (!end.signal.aborted) {
      wake = new AbortController()
      const served = waiters
      waiters = []
      failures = await pollOnce(options, { failures, signal: end.signal })
      for (const resolve of served) resolve()
      if (waiters.length > 0) continue
      await sleep(nextDelay(failures, options), undefined, { signal: AbortSignal.any([end.signal, wake.signal]) }).catch(() => undefined)
    }
    for (const resolve of waiters) resolve()
    waiters = []
  }
  const done = loop()
  return {
    trigger: async () => {
      if (end.signal.aborted) return
      await new Promise<void>((resolve) => {
        waiters.push(resolve)
        wake.abort()
      })
    },
    stop: async () => {
      end.abort()
      await done
    },
  }
}

async function pollOnce(options: PollOptions, state: { readonly failures: number; readonly signal: AbortSignal }): Promise<number> {
  try {
    await options.onRevision(await options.fetch(state.signal))
    return 0
  } catch (error) {
    const failures = state.failures + 1
    if (!state.signal.aborted) options.onError(error, nextDelay(failures, options))
    return failures
  }
}
