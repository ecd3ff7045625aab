import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Source } from './source/types.ts'
import type { LedgerRecords, NotesToPush } from './store/ledger-records.ts'

/** Brings receipts into Git notes, where `git log --notes=gitvirt` shows them. */
export type Noter = {
  /** There may be new ones. */
  trigger(): void
  /** Writes what is left, once, and ends. */
  stop(): Promise<void>
}

export type NoterOptions = {
  readonly source: Pick<Source, 'note'>
  readonly records: NotesToPush
  readonly log: Logger
  /** Milliseconds that receipts are gathered, so that a rollout is few pushes; default 5 s. */
  readonly gather?: number
}

const mostOfOnePush = 5000
const retryMs = 60_000
/** Milliseconds that the last push may hold up the end. */
const lastPushMs = 5000

/** Never throws: receipts that cannot be pushed stay in the store until they can. */
export function startNoter(options: NoterOptions): Noter {
  const { gather = 5000 } = options
  const end = new AbortController()
  const limit = new AbortController()
  let wake = Promise.withResolvers<undefined>()
  wake.resolve(undefined)
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) {
      await Promise.race([wake.promise, once(end.signal)])
      wake = Promise.withResolvers<undefined>()
      await sleep(gather, undefined, { signal: end.signal }).catch(() => undefined)
      if (await pushPending(options, limit.signal)) continue
      await sleep(retryMs, undefined, { signal: end.signal }).catch(() => undefined)
      wake.resolve(undefined)
    }
  }
  const done = loop()
  return {
    trigger: () => wake.resolve(undefined),
    stop: async () => {
      end.abort()
      const timer = setTimeout(() => limit.abort(), lastPushMs)
      await done
      clearTimeout(timer)
    },
  }
}

/** A source whose notes shall hold the receipts of its own objects. */
export type NotedSource = { readonly name: string; readonly source: Pick<Source, 'note'> }

export type NotersOptions = Omit<NoterOptions, 'records'> & {
  readonly records: Pick<LedgerRecords, 'pending' | 'noted' | 'copiesOf'>
  /** Other sources of the environment. */
  readonly others: readonly NotedSource[]
}

/** The whole chain comes into the notes of the environment's own source; of the objects of another source, each receipt into its own too. */
export function startNoters({ others, records, ...options }: NotersOptions): Noter {
  const { log } = options
  const copies = others.map(({ name, source }) => ({
    ...options,
    source,
    records: records.copiesOf(name),
    log: log.child({ source: name }),
  }))
  const noters = [{ ...options, records }, ...copies].map(startNoter)
  return {
    trigger: () => noters.forEach((noter) => noter.trigger()),
    stop: async () => void (await Promise.all(noters.map(async (noter) => await noter.stop()))),
  }
}

async function once(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

/** False where it must be tried again. */
async function pushPending({ source, records, log }: NoterOptions, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const pending = records.pending(mostOfOnePush)
    const last = pending.at(-1)
    if (last === undefined) return true
    const notes = Map.groupBy(pending, ({ commit }) => commit)
    try {
      await source.note(new Map([...notes].map(([commit, lines]) => [commit, lines.map(({ line }) => line)])), signal)
      records.noted(last.sequence)
    } catch (error) {
      log.warn({ error: describeError(error), receipts: pending.length }, 'receipts could not be pushed as notes; it is tried again')
      return false
    }
  }
}
