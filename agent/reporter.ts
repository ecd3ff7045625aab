import type { NodeFacts, Observation, ObservedObject } from '../schemas/generated/observation.ts'
import type { Observe } from '../schemas/generated/session.ts'
import type { Clock } from '../reconciler/lib/clock.ts'
import { digestOf } from '../reconciler/lib/digest.ts'
import { describeError, errorCode } from '../reconciler/lib/errors.ts'
import type { Logger } from '../reconciler/lib/log.ts'
import type { ObjectKey } from '../reconciler/lib/object-key.ts'
import type { ObservationReader } from './observation.ts'

/** Tells the reconciler what this host looks like: everything at first, then what changes. */
export type Reporter = {
  /** An object may have changed; it is looked at soon, together with others. */
  changed(key: ObjectKey): void
  /** Looks at these objects now; resolves when the reconciler was told, or there is nobody to tell. */
  report(keys: readonly ObjectKey[]): Promise<void>
  /** Reports over one session until it is aborted. */
  run(send: (message: Observe) => Promise<void>, signal: AbortSignal): Promise<void>
}

export type ReporterOptions = {
  readonly node: string
  readonly reader: ObservationReader
  readonly clock: Clock
  readonly log: Logger
  /** Milliseconds to gather changes in; default 50. */
  readonly gatherMs?: number
  /** Milliseconds between looks at everything, whatever was announced; default 60,000. */
  readonly fullMs?: number
}

const retryMs = 1000
/** Text of one message; what is longer goes in parts. */
const partBytes = 2 * 1024 * 1024

type Told = { sequence: number; facts: string; readonly objects: Map<ObjectKey, string> }
type Changes = Pick<Observation, 'objects' | 'gone'> & { readonly facts?: NodeFacts }

export function createReporter(options: ReporterOptions): Reporter {
  const { reader, log } = options
  let dirty = new Set<ObjectKey>()
  let waiters: (() => void)[] = []
  let wake = Promise.withResolvers<void>()
  let running = false

  const pause = async (milliseconds: number, signal: AbortSignal, early: () => boolean): Promise<void> => {
    const end = performance.now() + milliseconds
    while (!signal.aborted && !early() && performance.now() < end) {
      await firstOf(wake.promise, end - performance.now(), signal)
      wake = Promise.withResolvers<void>()
    }
  }

  const tellFull = async (told: Told, send: (message: Observe) => Promise<void>): Promise<void> => {
    const [facts, objects] = await Promise.all([reader.facts(), reader.all()])
    await sendParts({ told, changes: { facts, objects: [...objects], gone: [] }, full: true }, options, send)
    remember(told, { facts, objects: [...objects], gone: [] })
  }
  const tellChanges = async (
    told: Told,
    keys: readonly ObjectKey[] | undefined,
    send: (message: Observe) => Promise<void>,
  ): Promise<void> => {
    const objects = await (keys === undefined ? reader.all() : reader.some(keys))
    const changes = changesAgainst(told, objects, keys)
    const facts = keys === undefined ? await reader.facts() : undefined
    const newFacts = facts !== undefined && digestOf(facts) !== told.facts
    if (!newFacts && changes.objects.length === 0 && changes.gone.length === 0) return
    const whole = newFacts ? { ...changes, facts } : changes
    await sendParts({ told, changes: whole, full: false }, options, send)
    remember(told, whole)
  }

  const look = async (work: (keys: ReadonlySet<ObjectKey>) => Promise<void>, signal: AbortSignal): Promise<boolean> => {
    const [keys, served] = [dirty, waiters]
    dirty = new Set()
    waiters = []
    try {
      await work(keys)
      return true
    } catch (error) {
      for (const key of keys) dirty.add(key)
      if (!signal.aborted) log.warn({ code: errorCode(error), error: describeError(error) }, 'cannot observe this host')
      return false
    } finally {
      for (const waiter of served) waiter()
    }
  }

  return {
    changed(key) {
      dirty.add(key)
      wake.resolve()
    },
    async report(keys) {
      if (!running) return
      for (const key of keys) dirty.add(key)
      await new Promise<void>((resolve) => {
        waiters.push(resolve)
        wake.resolve()
      })
    },
    async run(send, signal) {
      running = true
      const told: Told = { sequence: 0, facts: '', objects: new Map() }
      const hurry = (): boolean => waiters.length > 0
      try {
        while (!signal.aborted && !(await look(() => tellFull(told, send), signal))) await pause(retryMs, signal, hurry)
        let fullAt = performance.now()
        while (!signal.aborted) {
          const due = fullAt + (options.fullMs ?? 60_000) - performance.now()
          await pause(due, signal, () => dirty.size > 0 || hurry())
          await pause(options.gatherMs ?? 50, signal, hurry)
          if (signal.aborted) break
          const all = performance.now() >= fullAt + (options.fullMs ?? 60_000)
          const worked = await look((keys) => tellChanges(told, all ? undefined : [...keys], send), signal)
          if (worked && all) fullAt = performance.now()
          if (!worked) await pause(retryMs, signal, () => false)
        }
      } finally {
        running = false
        for (const waiter of waiters.splice(0)) waiter()
      }
    },
  }
}

async function firstOf(wake: Promise<void>, milliseconds: number, signal: AbortSignal): Promise<void> {
  const ended = Promise.withResolvers<void>()
  const timer = setTimeout(ended.resolve, Math.max(0, milliseconds))
  const abort = (): void => ended.resolve()
  signal.addEventListener('abort', abort, { once: true })
  await Promise.race([wake, ended.promise])
  clearTimeout(timer)
  signal.removeEventListener('abort', abort)
}

function changesAgainst(told: Told, objects: readonly ObservedObject[], keys: readonly ObjectKey[] | undefined): Changes {
  const present = new Set(objects.map((object) => object.key))
  const gone = (keys ?? [...told.objects.keys()]).filter((key) => told.objects.has(key) && !present.has(key))
  return { objects: objects.filter((object) => told.objects.get(object.key) !== digestOf(object)), gone }
}

function remember(told: Told, changes: Changes): void {
  if (changes.facts !== undefined) told.facts = digestOf(changes.facts)
  for (const object of changes.objects) told.objects.set(object.key, digestOf(object))
  for (const key of changes.gone) told.objects.delete(key)
}

type Telling = { readonly told: Told; readonly changes: Changes; readonly full: boolean }

async function sendParts(
  { told, changes, full }: Telling,
  { node, clock }: ReporterOptions,
  send: (message: Observe) => Promise<void>,
): Promise<void> {
  const parts = partsOf(changes.objects)
  for (const [index, objects] of parts.entries()) {
    const first = index === 0
    const observation: Observation = {
      node,
      sequence: told.sequence++,
      full,
      at: clock.now().toISOString(),
      ...(first && changes.facts !== undefined ? { facts: changes.facts } : {}),
      objects,
      gone: first ? changes.gone : [],
    }
    await send({ type: 'observe', observation, ...(index < parts.length - 1 ? { more: true } : {}) })
  }
}

/** Cuts a list so that each part's text stays small; there is always one part. */
function partsOf(objects: readonly ObservedObject[]): ObservedObject[][] {
  const parts: ObservedObject[][] = [[]]
  let bytes = 0
  for (const object of objects) {
    const size = JSON.stringify(object).length
    if (bytes > 0 && bytes + size > partBytes) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(object)
    bytes += size
  }
  return parts
}
