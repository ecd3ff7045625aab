import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** One condition as the API serves it; lastTransitionTime moves only when status does. */
export type ConditionRecord = {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

/** What an API object must keep over a restart so that clients see one continuous object. */
export type ObjectRecord = {
  readonly uid: string
  readonly createdAt: string
  readonly generation: number
  /** Generation that was last seen applied in full. */
  readonly observedGeneration: number
  readonly specDigest: string
  /** Of all that is served but resourceVersion; equal means that nothing changed while the reconciler was away. */
  readonly contentDigest: string
  readonly resourceVersion: number
  readonly deletedAt?: string
  /** Tells two lives of one name apart, such as two runs of an instance. */
  readonly identity?: string
  readonly conditions: readonly ConditionRecord[]
  /** Last states that events are told from. */
  readonly marks: Readonly<Record<string, string>>
}

export type ObjectRecords = {
  /** All of them, for the start: far cheaper than one by one. */
  all(): Map<ObjectKey, ObjectRecord>
  put(key: ObjectKey, record: ObjectRecord): void
  delete(key: ObjectKey): void
}

export function objectRecords(db: DatabaseSync): ObjectRecords {
  const upsert = db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM objects WHERE key = ?')
  const all = db.prepare('SELECT * FROM objects')
  return {
    put: (key, record) => {
      const fixed = [record.uid, record.createdAt, record.generation, record.observedGeneration, record.specDigest, record.contentDigest]
      const late = [record.resourceVersion, record.deletedAt ?? null, record.identity ?? null]
      upsert.run(key, ...fixed, ...late, JSON.stringify(record.conditions), JSON.stringify(record.marks))
    },
    delete: (key) => void remove.run(key),
    all: () => new Map([...all.iterate()].map((row) => [String(row['key']), fromRow(row)])),
  }
}

function fromRow(row: Record<string, unknown>): ObjectRecord {
  return {
    uid: String(row['uid']),
    createdAt: String(row['created_at']),
    generation: Number(row['generation']),
    observedGeneration: Number(row['observed_generation']),
    specDigest: String(row['spec_digest']),
    contentDigest: String(row['content_digest']),
    resourceVersion: Number(row['resource_version']),
    ...(typeof row['deleted_at'] === 'string' ? { deletedAt: row['deleted_at'] } : {}),
    ...(typeof row['identity'] === 'string' ? { identity: row['identity'] } : {}),
    conditions: JSON.parse(String(row['conditions'])) as readonly ConditionRecord[],
    marks: JSON.parse(String(row['marks'])) as Record<string, string>,
  }
}
