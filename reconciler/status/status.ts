import type { Plan } from '../../schemas/generated/plan.ts'
import type { DesiredView } from '../desired/types.ts'
import type { Clock } from '../lib/clock.ts'
import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import type { ObservedView } from '../observed/types.ts'
import type { Receipt } from '../store/history.ts'
import type { Store } from '../store/store.ts'
import type { ToldRecord } from '../store/told-records.ts'
import type { ApiObject } from './api-object.ts'
import { blocksOf, blockText } from './common-conditions.ts'
import { createCollection, type Collection, type WritableCollection } from './collection.ts'
import { timestamp } from './conditions.ts'
import { createErrorIndex, type ErrorIndex } from './error-index.ts'
import { createRecorder } from './events/recorder.ts'
import type { EventDraft } from './events/rules.ts'
import { draftsOf } from './kinds/drafts.ts'
import { Suspensions } from '../plan/suspended.ts'
import type { Lease, Suspension } from '../plan/types.ts'
import { createPast } from './past.ts'
import { createPlanIndex, type PlanIndex } from './plan-index.ts'
import { createPresence, type Presence } from './presence.ts'
import { subjectOf, type Failure, type Subject, type World } from './subject.ts'
import { toldPrint } from './told.ts'
import { allKeys, expandTouched, inOrder } from './touched.ts'
import { createWriter, loadResting, type ObjectChange, type Writer } from './writer.ts'

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

/** What is wrong with the manifest of an object. */
export type ManifestState = {
  /** True: what Git wants of it is unknown. */
  readonly unknown: boolean
  /** True: some of it is wrong, and not only doubtful. */
  readonly invalid: boolean
  /** Codes of all that was found. */
  readonly codes: ReadonlySet<string>
}

/** What an agent says of one change. */
export type ChangeResult = {
  readonly key: ObjectKey
  readonly result: 'done' | 'failed' | 'stale'
  readonly code?: string
  readonly message?: string
}

export type Refresh = {
  readonly desired: DesiredView
  readonly observed: ObservedView
  /** A new plan; it replaces what earlier plans said of `planKeys` (absent: of everything). */
  readonly plan?: Plan
  readonly planKeys?: Iterable<ObjectKey>
  /** What changed in desired or observed; nodes as Node//name. Absent: look at everything. */
  readonly keys?: Iterable<ObjectKey>
  /** What people hold back now. */
  readonly suspensions?: readonly Suspension[]
  readonly leases?: readonly Lease[]
}

/** The one writer of status, conditions, events and receipts. */
export type Status = {
  /** What the API serves. */
  readonly objects: Collection
  /** Recomputes what the change touches; the first call must be without keys. Synchronous, in one transaction. */
  refresh(input: Refresh): void
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
  const committed = <T>(work: () => T): T =>
    store.transaction(() => {
      const result = work()
      recorder.flush()
      store.settings.put(versionSetting, String(collection.resourceVersion()))
      return result
    })
  const saved = <T>(work: () => T): T => {
    try {
      return committed(work)
    } catch (error) {
      // The store is as it was before, and so must be what is believed of it.
      collection.refetch()
      engine.doubt()
      throw error
    }
  }
  const record = (event: EventDraft): void => {
    recorder.record(event)
    options.heard?.(event)
  }
  const keep = options.keepPast === undefined ? {} : { keep: options.keepPast }
  const past = createPast({ records: store.past, settings: store.settings, clock, ...keep })
  const changed = (change: ObjectChange): void => {
    past.changed(change)
    if (change.next === undefined) options.gone?.(change.key)
  }
  const writer = createWriter({ records: store.objects, collection, record, changed })
  const erred = options.erred ?? ((): void => undefined)
  const engine = new Engine({ collection, writer, record, erred, clock, store })
  return {
    objects: collection,
    refresh: (input) => saved(() => engine.refresh(input)),
    record: (event) => saved(() => record(event)),
    together: saved,
    failure: (key) => engine.failure(key),
    refreshed: () => engine.refreshed,
    manifest: (key) => engine.manifest(key),
    answered: (node, results) => saved(() => engine.answered(node, results)),
    receipt: (receipt) =>
      saved(() => {
        store.receipts.append(receipt)
        if (receipt.state === 'done') engine.applied(receipt)
        if (receipt.state === 'failed') record(failedStep(receipt))
      }),
  }
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

type Parts = {
  readonly collection: WritableCollection
  readonly writer: Writer
  readonly record: (event: EventDraft) => void
  readonly erred: (keys: ReadonlySet<ObjectKey>) => void
  readonly clock: Clock
  readonly store: Store
}

class Engine {
  readonly #parts: Parts
  readonly #plans: PlanIndex = createPlanIndex()
  readonly #errors: ErrorIndex = createErrorIndex()
  readonly #presence: Presence
  /**
   * The API objects that each key of Git gave last, and what they followed from then: while it is the same, so are they. An empty digest
   * stands for none.
   */
  readonly #given: Map<ObjectKey, ToldRecord>
  /** Object key -> what was last told of its blocks. */
  readonly #told = new Map<ObjectKey, string>()
  readonly #failures = new Map<ObjectKey, Failure>()
  #desired: DesiredView | undefined
  #doubtful = false
  #loaded = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#presence = createPresence(parts.store.settings, parts.clock)
    this.#given = new Map(parts.store.told.all().map((record) => [record[0], record]))
  }

  /** Takes nothing for told any more, whatever the store says. */
  doubt(): void {
    for (const [key, [, , objects]] of this.#given) this.#given.set(key, [key, '', objects])
    this.#doubtful = true
  }

  refresh(input: Refresh): void {
    const planned = input.plan === undefined ? new Set<ObjectKey>() : this.#plans.take(input.plan, input.planKeys)
    const erred = this.#errors.take(input.desired.errors())
    const reconnected = this.#presence.take(input.observed)
    this.#desired = input.desired
    if (erred.size > 0) this.#parts.erred(erred)
    const whole = input.keys === undefined || !this.#loaded
    const nodes = [...reconnected].map((name) => `Node//${name}`)
    const touched = whole
      ? new Set([...allKeys(input), ...this.#given.keys()])
      : expandTouched(input, [...(input.keys ?? []), ...planned, ...erred, ...nodes], reconnected)
    const world = this.#world(input)
    const ordered = inOrder(touched)
    const isNamespace = (key: ObjectKey): boolean => key.startsWith('Namespace/')
    for (const key of ordered) if (!isNamespace(key)) this.#project(world, key)
    // Which namespaces are shown hangs on what lives in them.
    if (!this.#loaded) this.#parts.writer.settle('Namespace')
    for (const key of ordered) if (isNamespace(key)) this.#project(world, key)
    if (!this.#loaded) this.#parts.writer.settle()
    this.#loaded = true
  }

  failure(key: ObjectKey): Failure | undefined {
    return this.#failures.get(key)
  }

  applied({ key, node, at }: Receipt): void {
    this.#parts.store.applied.put({ key, node, revision: this.#desired?.revision ?? '', at })
  }

  get refreshed(): boolean {
    return this.#loaded
  }

  manifest(key: ObjectKey): ManifestState | undefined {
    if (!this.#loaded) return undefined
    const errors = this.#errors.get(key)
    return {
      unknown: this.#desired?.isUnknownKey(key) === true,
      invalid: errors.some(({ severity }) => severity === 'error'),
      codes: new Set(errors.map(({ code }) => code)),
    }
  }

  /** A failure that no step reported, such as a dependency that fails, is told as an event here. */
  answered(node: string, results: readonly ChangeResult[]): void {
    for (const { key, result, code = 'Failed', message = 'no reason given' } of results) {
      if (result === 'done') this.#failures.delete(key)
      if (result !== 'failed') continue
      const before = this.#failures.get(key)
      this.#failures.set(key, { code, message, node })
      if (before?.message !== message) this.#parts.record({ key, type: 'Warning', reason: code, message, host: node })
    }
  }

  #world({ desired, observed, suspensions = [], leases = [] }: Refresh): World {
    const now = this.#parts.clock.now()
    return {
      desired,
      observed: this.#presence.of(observed),
      now,
      changes: (key) => this.#plans.changes(key),
      findings: (key) => this.#plans.findings(key),
      errors: (key) => this.#errors.get(key),
      failure: (key) => this.#failures.get(key),
      suspensions: new Suspensions(suspensions, { desired, now }),
      leases: new Map(leases.map((lease) => [lease.key, lease])),
    }
  }

  #project(world: World, key: ObjectKey): void {
    const print = toldPrint(world, key, (owner) => this.#parts.collection.has(owner))
    const given = this.#given.get(key)
    if (print !== undefined && given?.[1] === print) this.#parts.writer.keep(given[2].split(' '))
    else this.#tell(world, key, print)
  }

  #tell(world: World, key: ObjectKey, print: string | undefined): void {
    const { collection, writer } = this.#parts
    const subject = subjectOf(world, key)
    const drafts = isUnusedNamespace(subject, collection) ? [] : draftsOf(subject)
    const keys = drafts.map((draft) => objectKey(draft.kind, draft.namespace, draft.name))
    for (const old of this.#given.get(key)?.[2].split(' ') ?? []) if (!keys.includes(old)) writer.remove(old)
    const now = timestamp(world.now)
    for (const draft of drafts) writer.write(draft, now)
    if (keys.length > 0 && !this.#given.has(key)) this.#forget(subject.desired?.references ?? [])
    this.#tellBlocks(subject, keys.length > 0)
    this.#remember([key, print ?? '', keys.join(' ')])
  }

  /** An owner that is new has another identity, which what it owns tells. */
  #forget(keys: readonly ObjectKey[]): void {
    for (const key of keys) this.#remember([key, '', this.#given.get(key)?.[2] ?? ''])
  }

  #remember(record: ToldRecord): void {
    const { told } = this.#parts.store
    const [key, print, objects] = record
    const wasKept = (this.#given.get(key)?.[1] ?? '') !== ''
    if (objects === '') this.#given.delete(key)
    else this.#given.set(key, record)
    if (print !== '' && objects !== '') told.put(record)
    else if (wasKept || this.#doubtful) told.delete(key)
  }

  /** An event when an object becomes blocked, or blocked for another reason; waiting for a dependency is ordinary and told by none. */
  #tellBlocks(subject: Subject, exists: boolean): void {
    const blocks = blocksOf(subject).filter((block) => block.reason !== 'WaitingForDependency')
    const broken = subject.broken ? subject.errors.filter((error) => error.severity === 'error') : []
    const lines: EventDraft[] = [
      ...blocks.map((block) => ({ key: subject.key, type: 'Warning' as const, reason: block.reason, message: blockText(block) })),
      ...broken.map((error) => ({
        key: subject.key,
        type: 'Warning' as const,
        reason: 'ManifestInvalid',
        message: `${error.path}:${error.line}:${error.column}: ${error.message}`,
      })),
    ]
    const text = lines.map((line) => `${line.reason} ${line.message}`).join('\n')
    if (text === (this.#told.get(subject.key) ?? '')) return
    if (text === '') this.#told.delete(subject.key)
    else this.#told.set(subject.key, text)
    if (exists) lines.forEach((line) => this.#parts.record(line))
  }
}

/** A namespace that Git does not declare is shown while something lives in it; `default` always is. */
function isUnusedNamespace(subject: Subject, collection: Collection & { population(namespace: string): number }): boolean {
  if (subject.kind !== 'Namespace' || subject.desired !== undefined || subject.name === 'default') return false
  return collection.population(subject.name) === 0
}
