import { createHash, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import type { ObjectRecord, ObjectRecords, StoredObject } from '../store/object-records.ts'
import type { Store } from '../store/store.ts'
import type { ApiMetadata, ApiObject, Draft } from './api-object.ts'
import type { WritableCollection } from './collection.ts'
import { mergeConditions } from './conditions.ts'
import { appearanceEvents, eventsOf, type EventDraft } from './events/rules.ts'
import { rests } from './resting.ts'
import { inSlices } from './slices.ts'

export type Writer = {
  /** Makes the served object equal to the draft; does nothing where it is already. */
  write(draft: Draft, now: string): void
  remove(key: ObjectKey): void
  /** Leaves what is served of these keys as it is. */
  keep(keys: readonly ObjectKey[]): void
  /** Ends the start, in slices: forgets the objects that went while the reconciler was away, those of one kind left out. */
  settle(except?: string): Generator<void, void>
  /** What was told so far is kept. */
  commit(): void
  /** What was told since the last `commit` is not. */
  rollback(): void
}

export type WriterOptions = {
  readonly records: ObjectRecords
  readonly collection: WritableCollection
  readonly record: (event: EventDraft) => void
  /** Told what became another one, came or went. */
  readonly changed?: (change: ObjectChange) => void
}

/** An object that became another one; without `next` it went. */
export type ObjectChange = {
  readonly key: ObjectKey
  readonly next?: ApiObject
  /** What it was; absent for one that is new, and after a restart for kinds that do not rest in the store. */
  readonly previous?: ApiObject
  /** True: this run or an earlier one told of it before. */
  readonly known: boolean
}

/** The one place where API objects come to be: identity, generation, conditions' times and resourceVersion. */
export function createWriter(options: WriterOptions): Writer {
  const { records, collection } = options
  /** Records of earlier runs, of objects that this one has not told anything of yet. */
  const unseen = new Set<ObjectKey>()
  /** Those that are told of only where the transaction is kept. */
  const seen: ObjectKey[] = []
  const see = (key: ObjectKey): void => {
    if (unseen.delete(key)) seen.push(key)
  }
  for (const [summary, keys] of records.keys()) {
    for (const key of keys) unseen.add(key)
    if (summary !== null) collection.adopt(keys, summary)
  }
  const remove = (key: ObjectKey): void => {
    const stored = records.get(key)
    const gone = collection.remove(key)
    records.delete(key)
    see(key)
    // What an earlier run told of may have gone before this one told of it.
    if (stored !== undefined || gone !== undefined)
      options.changed?.({ key, known: true, ...(gone === undefined ? {} : { previous: gone }) })
    if (gone !== undefined) appearanceEvents(key, false, stored?.record.marks ?? {}).forEach(options.record)
  }
  const write = (draft: Draft, now: string): void => {
    const key = objectKey(draft.kind, draft.namespace, draft.name)
    let stored = records.get(key)
    see(key)
    if (stored !== undefined && isAnotherLife(draft, stored.record)) {
      remove(key)
      stored = undefined
    }
    const next = nextRecord(draft, stored?.record, now)
    const previous = stored === undefined ? undefined : collection.find(key)
    const object = render({ draft, record: next, previous, owner: ownerOf(draft, collection), now })
    store({ options, key, draft, object, next, stored, previous })
  }
  return {
    write,
    remove,
    settle: (except = '') =>
      inSlices(
        [...unseen].filter((key) => !key.startsWith(`${except}/`)),
        remove,
      ),
    commit: () => void (seen.length = 0),
    rollback: () => {
      for (const key of seen.splice(0)) unseen.add(key)
    },
    keep: (keys) => keys.forEach((key) => unseen.delete(key)),
  }
}

/** Reads an object or an event that rests in the store. */
export function loadResting({ objects, events }: Pick<Store, 'objects' | 'events'>, key: ObjectKey): ApiObject | undefined {
  if (key.startsWith('Event/')) return events.get(key.slice('Event/'.length)) as ApiObject | undefined
  const kept = objects.get(key)?.kept
  return kept === undefined ? undefined : (JSON.parse(kept.body) as ApiObject)
}

function isAnotherLife(draft: Draft, record: ObjectRecord): boolean {
  return draft.identity !== undefined && record.identity !== undefined && draft.identity !== record.identity
}

/** Identity and counters that follow from the draft and what was before. */
function nextRecord(draft: Draft, before: ObjectRecord | undefined, now: string): ObjectRecord {
  const raised = before !== undefined && draft.specDigest !== '' && draft.specDigest !== before.specDigest
  const generation = (before?.generation ?? 1) + (raised ? 1 : 0)
  const deletedAt = draft.deleting ? (before?.deletedAt ?? now) : undefined
  const identity = draft.identity ?? before?.identity
  return {
    uid: before?.uid ?? randomUUID(),
    createdAt: before?.createdAt ?? draft.createdAt ?? now,
    generation,
    observedGeneration: draft.settled ? generation : (before?.observedGeneration ?? 0),
    specDigest: draft.specDigest === '' ? (before?.specDigest ?? '') : draft.specDigest,
    contentDigest: before?.contentDigest ?? '',
    resourceVersion: before?.resourceVersion ?? 0,
    ...(deletedAt === undefined ? {} : { deletedAt }),
    ...(identity === undefined ? {} : { identity }),
    conditions: mergeConditions(before?.conditions ?? [], draft.conditions, now),
    marks: isDeepStrictEqual(before?.marks, draft.marks) && before !== undefined ? before.marks : draft.marks,
  }
}

type Rendering = {
  readonly draft: Draft
  readonly record: ObjectRecord
  readonly previous: ApiObject | undefined
  readonly owner: ApiMetadata['ownerReferences']
  readonly now: string
}

/** The object without its final resourceVersion: it carries the previous one. */
function render({ draft, record, previous, owner, now }: Rendering): ApiObject {
  const { generation, observedGeneration, conditions } = record
  const filling = { generation, observedGeneration, conditions, now, ...(previous === undefined ? {} : { previous }) }
  const status = draft.status?.(filling)
  return {
    apiVersion: draft.apiVersion,
    kind: draft.kind,
    metadata: {
      name: draft.name,
      ...(draft.namespace === '' ? {} : { namespace: draft.namespace }),
      uid: record.uid,
      resourceVersion: String(record.resourceVersion),
      generation,
      creationTimestamp: record.createdAt,
      ...(record.deletedAt === undefined ? {} : { deletionTimestamp: record.deletedAt }),
      ...(draft.labels === undefined ? {} : { labels: draft.labels }),
      ...(draft.annotations === undefined ? {} : { annotations: draft.annotations }),
      ...(draft.finalizers === undefined ? {} : { finalizers: draft.finalizers }),
      ...(owner === undefined ? {} : { ownerReferences: owner }),
    },
    ...draft.fields,
    ...(status === undefined ? {} : { status }),
  }
}

function ownerOf(draft: Draft, collection: WritableCollection): ApiMetadata['ownerReferences'] {
  const owner = draft.owner === undefined ? undefined : collection.find(draft.owner.key)
  if (owner === undefined) return undefined
  const { apiVersion, kind, metadata } = owner
  return [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true }]
}

type Storing = {
  readonly options: WriterOptions
  readonly key: ObjectKey
  readonly draft: Draft
  readonly object: ApiObject
  readonly next: ObjectRecord
  readonly stored: StoredObject | undefined
  readonly previous: ApiObject | undefined
}

function store(storing: Storing): void {
  const { options, key, draft, object, next, stored } = storing
  const record = stored?.record
  const told = record?.marks === next.marks ? [] : eventsOf(draft, record?.marks)
  if (isServed(storing)) {
    if (!isSameRecord(record, next)) records(storing, object, next)
  } else if (stored?.kept === undefined && record !== undefined && record.contentDigest === contentDigestOf(object, next.specDigest)) {
    // Back after a restart, with nothing changed: clients keep their resourceVersion.
    options.collection.put(object, { silent: true, ...summaryOf(object) })
    if (rests(object.kind) || !isSameRecord(record, next)) records(storing, object, next)
  } else {
    const version = options.collection.nextVersion()
    const final = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    options.collection.put(final, summaryOf(final))
    records(storing, final, { ...next, resourceVersion: version })
    const { previous } = storing
    options.changed?.({ key, next: final, known: stored !== undefined, ...(previous === undefined ? {} : { previous }) })
    if (record === undefined) appearanceEvents(key, true, next.marks).forEach(options.record)
  }
  told.forEach(options.record)
}

/** True where clients see this very object already. */
function isServed({ object, stored, previous }: Storing): boolean {
  if (stored?.kept !== undefined) return stored.kept.body === JSON.stringify(object)
  return previous !== undefined && isDeepStrictEqual(previous, object)
}

function isSameRecord(before: ObjectRecord | undefined, next: ObjectRecord): boolean {
  const { contentDigest: _before, ...one } = before ?? { contentDigest: '' }
  const { contentDigest: _next, ...other } = next
  return isDeepStrictEqual(one, other)
}

function records({ options, key }: Storing, object: ApiObject, record: ObjectRecord): void {
  const { summary } = summaryOf(object)
  if (summary !== undefined) options.records.put(key, { ...record, contentDigest: '' }, { summary, body: JSON.stringify(object) })
  else options.records.put(key, { ...record, contentDigest: contentDigestOf(object, record.specDigest) })
}

/** The word that an object is counted by, where it rests in the store. */
function summaryOf({ kind, status }: ApiObject): { readonly summary?: string } {
  if (!rests(kind)) return {}
  const { printableStatus, phase } = (status ?? {}) as { printableStatus?: string; phase?: string }
  return { summary: printableStatus ?? phase ?? 'Unknown' }
}

/**
 * Of what is served; the spec goes in by the digest that is at hand. Objects are always put together in the same order, so that plain JSON
 * will do; another order of a map that an agent sent would cost one needless event.
 */
function contentDigestOf(object: ApiObject, specDigest: string): string {
  const { metadata, spec, ...rest } = object
  const { resourceVersion: _version, ...meta } = metadata
  return createHash('sha256')
    .update(JSON.stringify([meta, rest, specDigest === '' ? spec : specDigest]))
    .digest('base64url')
}
