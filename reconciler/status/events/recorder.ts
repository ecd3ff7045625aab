import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { parseKey } from '../../lib/object-key.ts'
import type { EventRecords } from '../../store/event-records.ts'
import type { ApiObject } from '../api-object.ts'
import type { WritableCollection } from '../collection.ts'
import { timestamp } from '../conditions.ts'
import type { EventDraft } from './rules.ts'

const keepFor = 24 * 3600 * 1000
const longestMessage = 1024

export type RecorderOptions = {
  readonly records: EventRecords
  readonly collection: WritableCollection
  readonly clock: Clock
  /** Most events kept; default 10,000. */
  readonly most?: number
}

export type Recorder = {
  record(event: EventDraft): void
  /** Drops events older than 24 hours or beyond the limit. */
  prune(): void
}

/** Writes core/v1 Events: equal ones raise the count of one object instead of making another. Loads what earlier runs kept. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { records, collection, clock } = options
  for (const record of records.list()) collection.put(record.body as unknown as ApiObject, true)
  return {
    record: (event) => recordOne(options, event),
    prune: () => {
      const gone = records.prune(clock.now().getTime() - keepFor, options.most ?? 10_000)
      for (const key of gone) collection.remove(`Event/${key}`)
    },
  }
}

function recordOne({ records, collection, clock }: RecorderOptions, event: EventDraft): void {
  const now = clock.now()
  const involved = collection.find(event.key)
  const fingerprint = hash([event.key, involved?.metadata.uid ?? '', event.type, event.reason, event.message, event.host ?? ''].join('\n'))
  const known = records.byFingerprint(fingerprint)?.body as unknown as ApiObject | undefined
  const body = known === undefined ? newEvent(event, involved, fingerprint) : known
  const count = Number(known?.['count'] ?? 0) + 1
  const at = timestamp(now)
  const object: ApiObject = {
    ...body,
    metadata: {
      ...body.metadata,
      creationTimestamp: known === undefined ? at : body.metadata.creationTimestamp,
      resourceVersion: String(collection.nextVersion()),
    },
    firstTimestamp: known?.['firstTimestamp'] ?? at,
    lastTimestamp: at,
    count,
  }
  const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
  records.put({ key, fingerprint, lastSeen: now.getTime(), body: object })
  collection.put(object)
}

function newEvent(event: EventDraft, involved: ApiObject | undefined, fingerprint: string): ApiObject {
  const { kind, namespace, name } = parseKey(event.key)
  // Events of cluster-scoped objects live in the namespace default, as in Kubernetes.
  const home = namespace === '' ? 'default' : namespace
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${name}.${fingerprint.slice(0, 16)}`,
      namespace: home,
      uid: uuidOf(fingerprint),
      resourceVersion: '0',
      creationTimestamp: '',
    },
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
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** RFC 9562 version 8: our own bits in the form of a UUID. */
function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
