import type { Plan } from '../../schemas/generated/plan.ts'
import type { DesiredView } from '../desired/types.ts'
import type { Clock } from '../lib/clock.ts'
import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import { UndoMap } from '../lib/undo-map.ts'
import type { ObservedView } from '../observed/types.ts'
import { Suspensions } from '../plan/suspended.ts'
import type { Lease, Suspension } from '../plan/types.ts'
import type { Receipt } from '../store/history.ts'
import type { Store } from '../store/store.ts'
import type { ToldRecord } from '../store/told-records.ts'
import type { Collection, WritableCollection } from './collection.ts'
import { blocksOf, blockText } from './common-conditions.ts'
import { timestamp } from './conditions.ts'
import { createErrorIndex, type ErrorIndex } from './error-index.ts'
import type { EventDraft } from './events/rules.ts'
import { draftsOf } from './kinds/drafts.ts'
import { createPlanIndex, type PlanIndex } from './plan-index.ts'
import { createPresence, type Presence } from './presence.ts'
import { inSlices } from './slices.ts'
import { subjectOf, type Failure, type Subject, type World } from './subject.ts'
import { toldPrint } from './told.ts'
import { allKeys, expandTouched, inOrder } from './touched.ts'
import type { Writer } from './writer.ts'

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

type Parts = {
  readonly collection: WritableCollection
  readonly writer: Writer
  readonly record: (event: EventDraft) => void
  /** Takes what others than the telling of objects tell, such as an agent. */
  readonly report: (event: EventDraft) => void
  readonly erred: (keys: ReadonlySet<ObjectKey>) => void
  readonly clock: Clock
  readonly store: Store
}

/** From what is wanted, planned and seen to what is told of each object. Its caller keeps the transactions. */
export class Engine {
  readonly #parts: Parts
  readonly #plans: PlanIndex = createPlanIndex()
  readonly #errors: ErrorIndex = createErrorIndex()
  readonly #presence: Presence
  /**
   * The API objects that each key of Git gave last, and what they followed from then: while it is the same, so are they. An empty digest
   * stands for none.
   */
  readonly #given: UndoMap<ObjectKey, ToldRecord>
  /** Object key -> what was last told of its blocks. */
  readonly #told = new UndoMap<ObjectKey, string>()
  readonly #failures = new UndoMap<ObjectKey, Failure>()
  /** What a refresh had to tell that did not come to its end. */
  #left: ReadonlySet<ObjectKey> = new Set()
  #desired: DesiredView | undefined
  #doubtful = false
  #loaded = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#presence = createPresence(parts.store.settings, parts.clock)
    this.#given = new UndoMap()
    for (const record of parts.store.told.all()) this.#given.set(record[0], record)
    this.#given.keep()
  }

  /** What was told so far is in the store. */
  commit(): void {
    this.#parts.writer.commit()
    for (const map of [this.#given, this.#told, this.#failures]) map.keep()
  }

  /** Takes back what was told since the last `commit`, and takes nothing for told any more, whatever the store says. */
  rollback(): void {
    this.#parts.writer.rollback()
    for (const map of [this.#given, this.#told, this.#failures]) map.undo()
    for (const [key, [, , objects]] of this.#given) this.#given.set(key, [key, '', objects])
    this.#given.keep()
    this.#doubtful = true
  }

  *refresh(input: Refresh): Generator<void, void> {
    const planned = input.plan === undefined ? new Set<ObjectKey>() : this.#plans.take(input.plan, input.planKeys)
    const erred = this.#errors.take(input.desired.errors())
    const reconnected = this.#presence.take(input.observed)
    this.#desired = input.desired
    if (erred.size > 0) this.#parts.erred(erred)
    const whole = input.keys === undefined || !this.#loaded
    const nodes = [...reconnected].map((name) => `Node//${name}`)
    const touched = whole
      ? new Set([...allKeys(input), ...this.#given.keys()])
      : expandTouched(input, [...(input.keys ?? []), ...planned, ...erred, ...nodes, ...this.#left], reconnected)
    this.#left = touched
    const world = this.#world(input)
    const ordered = inOrder(touched)
    const isNamespace = (key: ObjectKey): boolean => key.startsWith('Namespace/')
    const project = (key: ObjectKey): void => this.#project(world, key)
    yield* inSlices(
      ordered.filter((key) => !isNamespace(key)),
      project,
    )
    // Which namespaces are shown hangs on what lives in them.
    if (!this.#loaded) yield* this.#parts.writer.settle('Namespace')
    yield* inSlices(ordered.filter(isNamespace), project)
    if (!this.#loaded) yield* this.#parts.writer.settle()
    this.#loaded = true
    this.#left = new Set()
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

  /** True for an object that is still to be told of by the slices of a refresh: until then it has no identity. */
  awaits(key: ObjectKey): boolean {
    return this.#left.has(key) && !this.#parts.collection.has(key)
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
      if (before?.message !== message) this.#parts.report({ key, type: 'Warning', reason: code, message, host: node })
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
