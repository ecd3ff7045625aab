import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { parseKey } from '../../lib/object-key.ts'
import type { EventRecords } from '../../store/event-records.ts'
import type { ApiObject } from '../api-object.ts'
import { keyOf, type WritableCollection } from '../collection.ts'
import { timestamp } from '../conditions.ts'
import type { EventDraft } from './rules.ts'

const keepFor = 24 * 3600 * 1000
const pruneEvery = 60_000
const longestMessage = 1024
/** Events beyond the most that may wait for the end of a transaction: a first start tells of every object at once. */
const slack = 1000

export type RecorderOptions = {
  readonly records: EventRecords
  readonly collection: WritableCollection
  readonly clock: Clock
  /** Most events kept; default 10,000. */
  readonly most?: number
}

export type Recorder = {
  record(event: EventDraft): void
  /** Drops what is too old or too much, and writes the rest of what is new to the store. Call it at the end of every transaction. */
  flush(): void
  /** Knows again what the store has, after a transaction that failed; the collection takes back its objects itself. */
  rollback(): void
}

/** Last time seen of each kept event, oldest first: a Map keeps the order in which its keys came. */
type Ages = Map<string, number>

/** Writes core/v1 Events: equal ones raise the count of one object instead of making another. Loads what earlier runs kept. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { records, collection, clock, most = 10_000 } = options
  const ages: Ages = new Map()
  const unsaved = new Set<string>()
  let pruneAt = 0
  const load = (): void => {
    for (const [id, lastSeen] of records.list()) ages.set(`Event/${id}`, lastSeen)
  }
  load()
  collection.adopt([...ages.keys()], '')
  const drop = (key: string): void => {
    ages.delete(key)
    collection.remove(key)
    // One that came and went within a transaction was never written.
    if (!unsaved.delete(key)) records.delete(key.slice('Event/'.length))
  }
  const prune = (): void => {
    const now = clock.now().getTime()
    if (ages.size <= most && now < pruneAt) return
    pruneAt = now + pruneEvery
    for (const [key, seen] of ages) {
      if (ages.size <= most && seen >= now - keepFor) break
      drop(key)
    }
  }
  return {
    record: (event) => {
      const now = clock.now()
      const object = nextEvent(collection, event, timestamp(now))
      const key = keyOf(object)
      ages.delete(key)
      ages.set(key, now.getTime())
      unsaved.add(key)
      collection.put(object)
      if (ages.size > most + slack) prune()
    },
    flush: () => {
      prune()
      for (const key of unsaved) {
        const body = collection.find(key)
        if (body === undefined) continue
        records.put({ key: key.slice('Event/'.length), lastSeen: ages.get(key) ?? 0, body })
        // From now on it may rest in the store.
        collection.put(body, { silent: true, summary: '' })
      }
      unsaved.clear()
    },
    rollback: () => {
      unsaved.clear()
      ages.clear()
      pruneAt = 0
      load()
    },
  }
}

/** A new event, or the known one counted once more. */
function nextEvent(collection: WritableCollection, event: EventDraft, at: string): ApiObject {
  const involved = collection.find(event.key)
  const fresh = newEvent(event, involved, at)
  const known = collection.find(keyOf(fresh))
  const resourceVersion = String(collection.nextVersion())
  if (known === undefined) return { ...fresh, metadata: { ...fresh.metadata, resourceVersion } }
  return { ...known, metadata: { ...known.metadata, resourceVersion }, lastTimestamp: at, count: Number(known['count'] ?? 0) + 1 }
}

function newEvent(event: EventDraft, involved: ApiObject | undefined, at: string): ApiObject {
  const { kind, namespace, name } = parseKey(event.key)
  const parts = [event.key, involved?.metadata.uid ?? '', event.type, event.reason, event.message, event.host ?? '']
  const fingerprint = createHash('sha256').update(parts.join('\n')).digest('hex')
  // Events of cluster-scoped objects live in the namespace default, as in Kubernetes.
  const home = namespace === '' ? 'default' : namespace
  const metadata = {
    name: `${name}.${fingerprint.slice(0, 16)}`,
    namespace: home,
    uid: uuidOf(fingerprint),
    resourceVersion: '0',
    creationTimestamp: at,
  }
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata,
    involvedObject: {
      kind,
      ...(namespace === '' ? {} : { namespace }),
      name,
      ...(involved === undefined ? {} : { apiVersion: involved.apiVersion, uid: involved.metadata.uid }),
    },
    type: event.type,
    reason: event.reason,
    message: event.message.slice(0, longestMessage),
    source: { component: 'gitvirt', ...(event.host === undefined ? {} : { host: event.host }) },
    reportingComponent: 'gitvirt',
    reportingInstance: event.host ?? '',
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  }
}

/** RFC 9562 version 8: our own bits in the form of a UUID. */
function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
