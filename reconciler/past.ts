import { parseKey, type ObjectKey } from './lib/object-key.ts'
import type { Collection } from './status/collection.ts'
import { beganAt, pastSince } from './status/past.ts'
import { pastKinds, pastObject, type PastObject } from './status/past-state.ts'
import type { Store } from './store/store.ts'

/** An object as it was. */
export type PastSighting = { readonly key: ObjectKey; readonly since: string; readonly state: PastObject }

/** What was in force and what ran at a time; times in RFC 3339. */
export type PastAnswer = {
  readonly at: string
  /** The environment's folder; empty for the root. */
  readonly path: string
  /** The revision in force; absent before the first one that was kept. */
  readonly revision?: { readonly commit: string; readonly since: string }
  readonly revisionsSince?: string
  /** Before this time nothing of objects was kept. */
  readonly observedSince: string
  readonly observed: readonly PastSighting[]
  /** Which revision each object was applied from, by host: the newest receipt that had ended. */
  readonly applied: readonly { readonly key: ObjectKey; readonly node: string; readonly commit: string; readonly at: string }[]
}

/** What hosts report of an object under another kind and the same name. */
const instances: Readonly<Record<string, string>> = { VirtualMachine: 'VirtualMachineInstance' }

export type PastParts = { readonly store: Store; readonly objects: Collection; readonly path: string }

export type PastQuery = { readonly time: number; readonly key?: ObjectKey }

/** Looks into what the store kept. */
export function pastAt({ store, objects, path }: PastParts, { time, key }: PastQuery): PastAnswer {
  const { past, settings } = store
  const revision = past.revisionAt(time)
  const first = past.firstRevision()
  const since = pastSince(settings)
  const keys = key === undefined ? undefined : withInstance(key)
  const rows = keys === undefined ? past.at(time) : keys.flatMap((one) => past.at(time, one))
  const kept = rows.flatMap((row) => (row.body === undefined ? [] : [sighting(row.key, row.at, JSON.parse(row.body) as PastObject)]))
  const observed = time < since ? [] : [...kept, ...unchanged({ store, objects }, { time, keys })]
  return {
    at: iso(time),
    path,
    ...(revision === undefined ? {} : { revision: { commit: revision.commit, since: iso(revision.at) } }),
    ...(first === undefined ? {} : { revisionsSince: iso(first.at) }),
    observedSince: iso(since),
    observed: observed.toSorted((one, other) => (one.key < other.key ? -1 : 1)),
    applied: past.steps(iso(time), key),
  }
}

function withInstance(key: ObjectKey): ObjectKey[] {
  const { kind, namespace, name } = parseKey(key)
  const instance = instances[kind]
  return instance === undefined ? [key] : [key, `${instance}/${namespace}/${name}`]
}

/** Objects that have no row are as they were when they came. */
function unchanged(
  { store, objects }: Omit<PastParts, 'path'>,
  { time, keys }: { readonly time: number; readonly keys: readonly ObjectKey[] | undefined },
): PastSighting[] {
  const wanted = keys ?? pastKinds.flatMap((kind) => objects.ids(kind).map((id) => `${kind}/${id}`))
  return wanted.flatMap((key) => {
    if (store.past.has(key)) return []
    const { kind, namespace, name } = parseKey(key)
    const object = objects.get(kind, namespace, name)
    if (object === undefined) return []
    const began = beganAt(object, store.settings)
    return began > time ? [] : [sighting(key, began, pastObject(object))]
  })
}

function sighting(key: ObjectKey, since: number, state: PastObject): PastSighting {
  return { key, since: iso(since), state }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
