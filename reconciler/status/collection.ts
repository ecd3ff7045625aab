import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import type { ApiObject } from './api-object.ts'

export type WatchEvent = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: ApiObject
  /** The object before the change, for selectors that it leaves or enters. */
  readonly previous?: ApiObject
  readonly resourceVersion: number
}

/** What the API reads: the objects that are served, and their recent changes. */
export type Collection = {
  resourceVersion(): number
  get(kind: string, namespace: string, name: string): ApiObject | undefined
  /** All of one kind, sorted by namespace and name; the array is shared and must not be changed. */
  list(kind: string): readonly ApiObject[]
  count(kind: string): number
  /** Changes after a resourceVersion, oldest first; undefined where they are no longer (or not yet) known. */
  since(kind: string, resourceVersion: number): readonly WatchEvent[] | undefined
  /** Calls back on each change of a kind, in order, until the returned function is called. */
  subscribe(kind: string, listener: (event: WatchEvent) => void): () => void
}

export type WritableCollection = Collection & {
  /** Takes the next resourceVersion. */
  nextVersion(): number
  /** Stores an object; `silent` only loads it, as at start, when no client can have seen an older one. */
  put(object: ApiObject, silent?: boolean): void
  remove(key: ObjectKey): ApiObject | undefined
  find(key: ObjectKey): ApiObject | undefined
  /** Objects in a namespace, events left out. */
  population(namespace: string): number
}

type Shelf = {
  readonly objects: Map<string, ApiObject>
  sorted: readonly ApiObject[] | undefined
  readonly history: WatchEvent[]
  /** Changes up to this version are forgotten. */
  floor: number
  readonly listeners: Set<(event: WatchEvent) => void>
}

export type CollectionOptions = {
  /** The last resourceVersion that was given out. */
  readonly version: number
  /** Most changes kept per kind for watchers that resume; default 2,048. */
  readonly history?: number
}

/** The API objects in memory, with a bounded history of changes per kind. */
export function createCollection(options: CollectionOptions): WritableCollection {
  const shelves = new Map<string, Shelf>()
  const population = new Map<string, number>()
  const most = options.history ?? 2048
  let version = options.version
  const shelfOf = (kind: string): Shelf => {
    let shelf = shelves.get(kind)
    if (shelf === undefined) {
      shelf = { objects: new Map(), sorted: undefined, history: [], floor: options.version, listeners: new Set() }
      shelves.set(kind, shelf)
    }
    return shelf
  }
  const counted = (object: ApiObject, step: 1 | -1): void => {
    const namespace = object.metadata.namespace
    if (namespace === undefined || object.kind === 'Event') return
    population.set(namespace, (population.get(namespace) ?? 0) + step)
  }
  const get = (kind: string, namespace: string, name: string): ApiObject | undefined =>
    shelves.get(kind)?.objects.get(`${namespace}/${name}`)
  return {
    resourceVersion: () => version,
    nextVersion: () => {
      version += 1
      return version
    },
    get,
    find: (key) => {
      const slash = key.indexOf('/')
      return shelves.get(key.slice(0, slash))?.objects.get(key.slice(slash + 1))
    },
    count: (kind) => shelves.get(kind)?.objects.size ?? 0,
    population: (namespace) => population.get(namespace) ?? 0,
    list: (kind) => {
      const shelf = shelfOf(kind)
      shelf.sorted ??= [...shelf.objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
      return shelf.sorted
    },
    since: (kind, from) => sinceOf(shelfOf(kind), from, version),
    subscribe: (kind, listener) => {
      const { listeners } = shelfOf(kind)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    put: (object, silent = false) => {
      const shelf = shelfOf(object.kind)
      const id = idOf(object)
      const previous = shelf.objects.get(id)
      shelf.objects.set(id, object)
      shelf.sorted = undefined
      if (previous === undefined) counted(object, 1)
      if (silent) return
      const type = previous === undefined ? 'ADDED' : 'MODIFIED'
      const resourceVersion = Number(object.metadata.resourceVersion)
      remember(shelf, { type, object, ...(previous === undefined ? {} : { previous }), resourceVersion }, most)
    },
    remove: (key) => {
      const slash = key.indexOf('/')
      const shelf = shelfOf(key.slice(0, slash))
      const previous = shelf.objects.get(key.slice(slash + 1))
      if (previous === undefined) return undefined
      shelf.objects.delete(key.slice(slash + 1))
      shelf.sorted = undefined
      counted(previous, -1)
      version += 1
      const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(version) } }
      remember(shelf, { type: 'DELETED', object, previous, resourceVersion: version }, most)
      return previous
    },
  }
}

function idOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

/** The key that a served object has in the collection. */
export function keyOf(object: ApiObject): ObjectKey {
  return objectKey(object.kind, object.metadata.namespace ?? '', object.metadata.name)
}

function remember(shelf: Shelf, event: WatchEvent, most: number): void {
  shelf.history.push(event)
  // Drop in batches: shifting an array by one on every change would cost its length each time.
  if (shelf.history.length > most * 1.25) {
    const dropped = shelf.history.splice(0, shelf.history.length - most)
    shelf.floor = dropped.at(-1)?.resourceVersion ?? shelf.floor
  }
  for (const listener of shelf.listeners) listener(event)
}

function sinceOf(shelf: Shelf, from: number, newest: number): readonly WatchEvent[] | undefined {
  if (from < shelf.floor || from > newest) return undefined
  const start = shelf.history.findIndex((event) => event.resourceVersion > from)
  return start === -1 ? [] : shelf.history.slice(start)
}
