import { objectKey, parseKey, type ObjectKey } from '../lib/object-key.ts'
import { Recent, type Folded } from '../lib/recent.ts'
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
  /** Whether it is there, without reading it. */
  has(key: ObjectKey): boolean
  /** namespace/name of all of one kind, sorted; the array is shared and must not be changed. */
  ids(kind: string): readonly string[]
  /** All of one kind, sorted by namespace and name. Reads those that are not in memory: where a few will do, go by `ids`. */
  list(kind: string): readonly ApiObject[]
  count(kind: string): number
  /** How many of one kind have each summary. */
  summaries(kind: string): ReadonlyMap<string, number>
  /** Changes after a resourceVersion, oldest first; undefined where they are no longer (or not yet) known. */
  since(kind: string, resourceVersion: number): readonly WatchEvent[] | undefined
  /** Calls back on each change of a kind, in order, until the returned function is called. */
  subscribe(kind: string, listener: (event: WatchEvent) => void): () => void
}

export type WritableCollection = Collection & {
  /** Takes the next resourceVersion. */
  nextVersion(): number
  /** Takes an object. */
  put(object: ApiObject, options?: PutOptions): void
  /** Takes objects that are kept elsewhere, without reading them; fastest where those of one namespace stand together. */
  adopt(keys: readonly ObjectKey[], summary: string): void
  /** What is put and removed from here on is one whole: nobody is told of it before `commit`. */
  begin(): void
  /** Tells watchers what was done since `begin`. */
  commit(): void
  /** Takes back all since `begin`, versions too, and reads objects that are kept elsewhere anew. */
  rollback(): void
  remove(key: ObjectKey): ApiObject | undefined
  find(key: ObjectKey): ApiObject | undefined
  /** Objects in a namespace, events left out. */
  population(namespace: string): number
}

export type PutOptions = {
  /** Only loads it, as at start, when no client can have seen an older one. */
  readonly silent?: boolean
  /** It is kept elsewhere as well and need not stay in memory; this word is what it is counted by. */
  readonly summary?: string
}

/** An object in memory; one that rests elsewhere, in memory while it was used lately; or just the word that such a one is counted by. */
type Entry = { readonly held: ApiObject } | Resting | string

class Resting implements Folded {
  readonly summary: string
  object: ApiObject | undefined

  constructor(object: ApiObject, summary: string) {
    this.object = object
    this.summary = summary
  }

  fold(): void {
    this.object = undefined
  }
}

/** Objects that rest elsewhere and stay in memory all the same. */
const mostRecent = 500

type Shelf = {
  readonly entries: Map<string, Entry>
  sorted: readonly string[] | undefined
  readonly history: WatchEvent[]
  /** Changes up to this version are forgotten. */
  floor: number
  readonly listeners: Set<(event: WatchEvent) => void>
}

/** Of changes that are not committed: what was there before, in order, and what to tell. */
type Staged = {
  readonly version: number
  readonly before: { readonly kind: string; readonly id: string; readonly entry: Entry | undefined }[]
  readonly news: { readonly shelf: Shelf; readonly event: WatchEvent }[]
}

export type CollectionOptions = {
  /** The last resourceVersion that was given out. */
  readonly version: number
  /** Most changes kept per kind for watchers that resume; default 2,048. */
  readonly history?: number
  /** Reads an object that is kept elsewhere. */
  readonly load?: (key: ObjectKey) => ApiObject | undefined
}

/** The API objects in memory, with a bounded history of changes per kind. */
export function createCollection(options: CollectionOptions): WritableCollection {
  const shelves = new Map<string, Shelf>()
  const population = new Map<string, number>()
  const most = options.history ?? 2048
  const recent = new Recent(mostRecent)
  const rest = (object: ApiObject, summary: string): Resting => {
    const resting = new Resting(object, summary)
    recent.hold(resting)
    return resting
  }
  let version = options.version
  let staged: Staged | undefined
  const shelfOf = (kind: string): Shelf => {
    let shelf = shelves.get(kind)
    if (shelf === undefined) {
      shelf = { entries: new Map(), sorted: undefined, history: [], floor: options.version, listeners: new Set() }
      shelves.set(kind, shelf)
    }
    return shelf
  }
  const counted = (kind: string, namespace: string, by: number): void => {
    if (namespace === '' || kind === 'Event') return
    population.set(namespace, (population.get(namespace) ?? 0) + by)
  }
  const read = (kind: string, id: string): ApiObject | undefined => {
    const entries = shelves.get(kind)?.entries
    const entry = entries?.get(id)
    if (entries === undefined || entry === undefined) return undefined
    const known = heldBy(entry)
    if (known !== undefined) return known
    const object = options.load?.(`${kind}/${id}`)
    if (object !== undefined) entries.set(id, rest(object, summaryOf(entry)))
    return object
  }
  const tell = (shelf: Shelf, event: WatchEvent): void => {
    if (staged === undefined) remember(shelf, event, most)
    else staged.news.push({ shelf, event })
  }
  const place = (kind: string, id: string, entry: Entry): void => {
    const shelf = shelfOf(kind)
    const size = shelf.entries.size
    staged?.before.push({ kind, id, entry: shelf.entries.get(id) })
    shelf.entries.set(id, entry)
    if (shelf.entries.size === size) return
    shelf.sorted = undefined
    counted(kind, namespaceOf(id), 1)
  }
  const takeOut = (kind: string, id: string): boolean => {
    const shelf = shelfOf(kind)
    const entry = shelf.entries.get(id)
    if (entry === undefined) return false
    staged?.before.push({ kind, id, entry })
    shelf.entries.delete(id)
    shelf.sorted = undefined
    counted(kind, namespaceOf(id), -1)
    return true
  }
  const refetch = (): void => {
    for (const { entries } of shelves.values()) {
      for (const [id, entry] of entries) if (entry instanceof Resting) entries.set(id, entry.summary)
    }
  }
  const ids = (kind: string): readonly string[] => {
    const shelf = shelfOf(kind)
    shelf.sorted ??= [...shelf.entries.keys()].sort()
    return shelf.sorted
  }
  return {
    resourceVersion: () => version,
    nextVersion: () => {
      version += 1
      return version
    },
    get: (kind, namespace, name) => read(kind, `${namespace}/${name}`),
    find: (key) => {
      const slash = key.indexOf('/')
      return read(key.slice(0, slash), key.slice(slash + 1))
    },
    has: (key) => {
      const slash = key.indexOf('/')
      return shelves.get(key.slice(0, slash))?.entries.has(key.slice(slash + 1)) === true
    },
    count: (kind) => shelves.get(kind)?.entries.size ?? 0,
    summaries: (kind) => {
      const counts = new Map<string, number>()
      for (const summary of [...(shelves.get(kind)?.entries.values() ?? [])].map(summaryOf))
        counts.set(summary, (counts.get(summary) ?? 0) + 1)
      return counts
    },
    population: (namespace) => population.get(namespace) ?? 0,
    ids,
    list: (kind) =>
      ids(kind)
        .map((id) => read(kind, id))
        .filter((object) => object !== undefined),
    since: (kind, from) => sinceOf(shelfOf(kind), from, version),
    subscribe: (kind, listener) => {
      const { listeners } = shelfOf(kind)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    adopt: (keys, summary) => {
      for (const { kind, namespace, ids: some } of runsOf(keys)) {
        const shelf = shelfOf(kind)
        const size = shelf.entries.size
        for (const id of some) shelf.entries.set(id, summary)
        shelf.sorted = undefined
        counted(kind, namespace, shelf.entries.size - size)
      }
    },
    begin: () => {
      staged = { version, before: [], news: [] }
    },
    commit: () => {
      const news = staged?.news ?? []
      staged = undefined
      for (const { shelf, event } of news) remember(shelf, event, most)
    },
    rollback: () => {
      const undone = staged
      staged = undefined
      version = undone?.version ?? version
      for (const { kind, id, entry } of undone?.before.toReversed() ?? []) {
        if (entry === undefined) takeOut(kind, id)
        else place(kind, id, entry)
      }
      refetch()
    },
    put: (object, { silent = false, summary } = {}) => {
      const id = idOf(object)
      const previous = silent ? undefined : read(object.kind, id)
      place(object.kind, id, summary === undefined ? { held: object } : rest(object, summary))
      if (silent) return
      const type = previous === undefined ? 'ADDED' : 'MODIFIED'
      const resourceVersion = Number(object.metadata.resourceVersion)
      tell(shelfOf(object.kind), { type, object, ...(previous === undefined ? {} : { previous }), resourceVersion })
    },
    remove: (key) => {
      const slash = key.indexOf('/')
      const [kind, id] = [key.slice(0, slash), key.slice(slash + 1)]
      const previous = read(kind, id)
      if (!takeOut(kind, id) || previous === undefined) return undefined
      version += 1
      const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(version) } }
      tell(shelfOf(kind), { type: 'DELETED', object, previous, resourceVersion: version })
      return previous
    },
  }
}

type Run = { readonly kind: string; readonly namespace: string; readonly ids: string[] }

/** Neighbours of one kind and namespace, so that these are told apart once for all of them. */
function* runsOf(keys: readonly ObjectKey[]): Generator<Run> {
  let run: Run = { kind: '', namespace: '', ids: [] }
  let prefix = ''
  for (const key of keys) {
    if (!key.startsWith(prefix) || prefix === '') {
      if (run.ids.length > 0) yield run
      const { kind, namespace } = parseKey(key)
      run = { kind, namespace, ids: [] }
      prefix = `${kind}/${namespace}/`
    }
    run.ids.push(key.slice(run.kind.length + 1))
  }
  if (run.ids.length > 0) yield run
}

function namespaceOf(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

function heldBy(entry: Entry): ApiObject | undefined {
  if (typeof entry === 'string') return undefined
  return 'held' in entry ? entry.held : entry.object
}

function summaryOf(entry: Entry): string {
  if (typeof entry === 'string') return entry
  return 'held' in entry ? '' : entry.summary
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
