import { createHash, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import type { ObjectRecord, ObjectRecords } from '../store/object-records.ts'
import type { ApiMetadata, ApiObject, Draft } from './api-object.ts'
import type { WritableCollection } from './collection.ts'
import { mergeConditions } from './conditions.ts'
import { appearanceEvents, eventsOf, type EventDraft } from './events/rules.ts'

export type Writer = {
  /** Makes the served object equal to the draft; does nothing where it is already. */
  write(draft: Draft, now: string): void
  remove(key: ObjectKey): void
  /** Ends the start: forgets the records of objects that went while the reconciler was away. */
  settle(): void
}

export type WriterOptions = {
  readonly records: ObjectRecords
  readonly collection: WritableCollection
  readonly record: (event: EventDraft) => void
}

/** What of a record the served object does not hold itself. */
type Memory = Pick<ObjectRecord, 'observedGeneration' | 'specDigest' | 'identity' | 'marks' | 'generation' | 'conditions'>

/** The one place where API objects come to be: identity, generation, conditions' times and resourceVersion. */
export function createWriter(options: WriterOptions): Writer {
  const { records, collection } = options
  const memories = new Map<ObjectKey, Memory>()
  const stored = records.all()
  const remove = (key: ObjectKey): void => {
    const memory = memories.get(key)
    const gone = collection.remove(key)
    records.delete(key)
    memories.delete(key)
    if (gone !== undefined) appearanceEvents(key, false, memory?.marks ?? {}).forEach(options.record)
  }
  const write = (draft: Draft, now: string): void => {
    const key = objectKey(draft.kind, draft.namespace, draft.name)
    const served = collection.find(key)
    let record = served === undefined ? stored.get(key) : recordOf(served, memories.get(key))
    stored.delete(key)
    if (record !== undefined && isAnotherLife(draft, record)) {
      if (served === undefined) records.delete(key)
      else remove(key)
      record = undefined
    }
    const next = nextRecord(draft, record, now)
    const previous = record === undefined ? undefined : served
    const object = render({ draft, record: next, previous, owner: ownerOf(draft, collection), now })
    store({ options, memories, key, draft, object, next, record, previous })
  }
  const settle = (): void => {
    for (const key of stored.keys()) records.delete(key)
    stored.clear()
  }
  return { write, remove, settle }
}

function isAnotherLife(draft: Draft, record: ObjectRecord): boolean {
  return draft.identity !== undefined && record.identity !== undefined && draft.identity !== record.identity
}

function recordOf(served: ApiObject, memory: Memory | undefined): ObjectRecord | undefined {
  if (memory === undefined) return undefined
  const { metadata } = served
  return {
    ...memory,
    uid: metadata.uid,
    createdAt: metadata.creationTimestamp,
    contentDigest: '',
    resourceVersion: Number(metadata.resourceVersion),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletedAt: metadata.deletionTimestamp }),
  }
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
  readonly memories: Map<ObjectKey, Memory>
  readonly key: ObjectKey
  readonly draft: Draft
  readonly object: ApiObject
  readonly next: ObjectRecord
  readonly record: ObjectRecord | undefined
  readonly previous: ApiObject | undefined
}

function store({ options, memories, key, draft, object, next, record, previous }: Storing): void {
  const { collection, records } = options
  const { observedGeneration, specDigest, identity, marks, generation, conditions } = next
  const told = record?.marks === marks ? [] : eventsOf(draft, record?.marks)
  memories.set(key, { observedGeneration, specDigest, marks, generation, conditions, ...(identity === undefined ? {} : { identity }) })
  if (previous !== undefined && isDeepStrictEqual(previous, object)) {
    if (record?.marks !== marks) records.put(key, { ...next, contentDigest: contentDigestOf(object, specDigest) })
    told.forEach(options.record)
    return
  }
  const contentDigest = contentDigestOf(object, specDigest)
  if (record !== undefined && previous === undefined && record.contentDigest === contentDigest) {
    // Back after a restart, with nothing changed: clients keep their resourceVersion.
    collection.put(object, true)
    told.forEach(options.record)
    return
  }
  const version = collection.nextVersion()
  const final = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
  collection.put(final)
  records.put(key, { ...next, contentDigest, resourceVersion: version })
  if (record === undefined) appearanceEvents(key, true, marks).forEach(options.record)
  told.forEach(options.record)
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
