import type { Clock } from '../lib/clock.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { Receipt } from '../store/history.ts'
import type { Store } from '../store/store.ts'
import type { ApiObject } from './api-object.ts'
import { createCollection, type Collection } from './collection.ts'
import { Engine, type ChangeResult, type ManifestState, type Refresh } from './engine.ts'
import { createRecorder } from './events/recorder.ts'
import type { EventDraft } from './events/rules.ts'
import { createPast } from './past.ts'
import type { Failure } from './subject.ts'
import { createWriter, loadResting, type ObjectChange } from './writer.ts'

export type StatusOptions = {
  readonly store: Store
  readonly clock: Clock
  /** Changes kept per kind for watchers that resume; default 2,048. */
  readonly history?: number
  readonly mostEvents?: number
  /** For how long it is kept what objects were, in milliseconds; default 90 days. */
  readonly keepPast?: number
  /** Hears every event as it is recorded, in the same transaction. */
  readonly heard?: (event: EventDraft) => void
  /** Hears which objects' manifest errors are others than before, in the same transaction. */
  readonly erred?: (keys: ReadonlySet<ObjectKey>) => void
  /** Hears that a served object went, also one of an earlier run that went while the reconciler was away. */
  readonly gone?: (key: ObjectKey) => void
}

/** The one writer of status, conditions, events and receipts. */
export type Status = {
  /** What the API serves. */
  readonly objects: Collection
  /**
   * Recomputes what the change touches; the first call must be without keys. What is much comes in slices, a transaction each: the first
   * one at once, every other one when it is asked for. What a slice leaves out is told by the later ones, or by the next refresh.
   */
  refresh(input: Refresh): Generator<void, void>
  /** Tells an event that does not follow from a state, such as a failed step or a rewritten history. */
  record(event: EventDraft): void
  /** Runs work with all that it records in one transaction: where it fails, nothing of it is kept, told or believed. */
  together<T>(work: () => T): T
  /** Keeps an agent's step report, and tells failures as events. */
  receipt(receipt: Receipt): void
  /** Takes what became of a plan's changes; a failed one is told by its object until one succeeds. */
  answered(node: string, results: readonly ChangeResult[]): void
  /** The last failure of an object, until it succeeds. */
  failure(key: ObjectKey): Failure | undefined
  /** False before the first refresh: then nothing is known of what is not served. */
  refreshed(): boolean
  /** Undefined before the first refresh. */
  manifest(key: ObjectKey): ManifestState | undefined
}

const versionSetting = 'resourceVersion'

/** Starts from what the store kept: identities, times, resourceVersions and events go on where they were. */
export function createStatus(options: StatusOptions): Status {
  const { store, clock } = options
  const history = options.history === undefined ? {} : { history: options.history }
  const load = (key: ObjectKey): ApiObject | undefined => loadResting(store, key)
  const collection = createCollection({ version: Number(store.settings.get(versionSetting) ?? '0'), load, ...history })
  const most = options.mostEvents === undefined ? {} : { most: options.mostEvents }
  const recorder = createRecorder({ records: store.events, collection, clock, ...most })
  // An event names its object by the identity that this gets when it is told.
  const held: EventDraft[] = []
  let isOpen = false
  const committed = <T>(work: () => T): T =>
    store.transaction(() => {
      const result = work()
      recorder.flush()
      store.settings.put(versionSetting, String(collection.resourceVersion()))
      return result
    })
  const whole = <T>(work: () => T): T => {
    const heldBefore = [...held]
    isOpen = true
    collection.begin()
    try {
      return committed(work)
    } catch (error) {
      // The store is as it was before, and so must be what is believed of it.
      collection.rollback()
      recorder.rollback()
      engine.rollback()
      held.splice(0, held.length, ...heldBefore)
      throw error
    } finally {
      isOpen = false
    }
  }
  const saved = <T>(work: () => T): T => {
    if (isOpen) return work()
    // Another's transaction may still be rolled back when all is told.
    if (store.isInTransaction()) throw new Error('Status was called in a transaction of the store: use Status.together instead.')
    const result = whole(work)
    engine.commit()
    collection.commit()
    return result
  }
  const record = (event: EventDraft): void => {
    recorder.record(event)
    options.heard?.(event)
  }
  const report = (event: EventDraft): void => {
    if (engine.awaits(event.key)) held.push(event)
    else record(event)
  }
  const keep = options.keepPast === undefined ? {} : { keep: options.keepPast }
  const past = createPast({ records: store.past, settings: store.settings, clock, ...keep })
  const changed = (change: ObjectChange): void => {
    past.changed(change)
    if (change.next === undefined) options.gone?.(change.key)
  }
  const writer = createWriter({ records: store.objects, collection, record, changed })
  const erred = options.erred ?? ((): void => undefined)
  const engine = new Engine({ collection, writer, record, report, erred, clock, store })
  return {
    objects: collection,
    refresh: (input) => {
      const slices = engine.refresh(input)
      const isLast = (): boolean =>
        saved(() => {
          const isDone = slices.next().done === true
          held.splice(0).forEach(report)
          return isDone
        })
      return others(isLast(), isLast)
    },
    record: (event) => saved(() => report(event)),
    together: saved,
    failure: (key) => engine.failure(key),
    refreshed: () => engine.refreshed,
    manifest: (key) => engine.manifest(key),
    answered: (node, results) => saved(() => engine.answered(node, results)),
    receipt: (receipt) =>
      saved(() => {
        store.receipts.append(receipt)
        if (receipt.state === 'done') engine.applied(receipt)
        if (receipt.state === 'failed') report(failedStep(receipt))
      }),
  }
}

/** What is left after the first slice. */
function* others(isDone: boolean, next: () => boolean): Generator<void, void> {
  for (let done = isDone; !done; done = next()) yield
}

function failedStep({ key, step, code, message, node, plan }: Receipt): EventDraft {
  const verb = step.split(':')[0] ?? step
  return {
    key,
    type: 'Warning',
    reason: code ?? `Failed${verb}`,
    message: `${verb} failed: ${message ?? 'no reason given'}`,
    host: node,
    plan,
  }
}
