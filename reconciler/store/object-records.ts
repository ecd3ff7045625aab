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
  /**
   * Of all that is served but resourceVersion; equal means that nothing changed while the reconciler was away. Empty where the object
   * itself is kept.
   */
  readonly contentDigest: string
  readonly resourceVersion: number
  readonly deletedAt?: string
  /** Tells two lives of one name apart, such as two runs of an instance. */
  readonly identity?: string
  readonly conditions: readonly ConditionRecord[]
  /** Last states that events are told from. */
  readonly marks: Readonly<Record<string, string>>
}

/** The object as it is served, for kinds that are not held in memory, and the word by which such objects are counted. */
export type KeptObject = { readonly body: string; readonly summary: string }

export type StoredObject = { readonly record: ObjectRecord; readonly kept?: KeptObject }

export type ObjectRecords = {
  /** Keys of objects that differ from what was applied; reads all marks. */
  drifted(): ObjectKey[]
  get(key: ObjectKey): StoredObject | undefined
  put(key: ObjectKey, record: ObjectRecord, kept?: KeptObject): void
  delete(key: ObjectKey): void
  /** All keys, by summary; null for those of which the object itself is not kept. */
  keys(): (readonly [summary: string | null, keys: ObjectKey[]])[]
}

export function objectRecords(db: DatabaseSync): ObjectRecords {
  const upsert = db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const drifted = db.prepare("SELECT key FROM objects WHERE json_extract(marks, '$.drift') <> ''")
  const remove = db.prepare('DELETE FROM objects WHERE key = ?')
  const one = db.prepare('SELECT * FROM objects LEFT JOIN bodies USING (key) WHERE key = ?')
  const upsertBody = db.prepare('INSERT INTO bodies VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body')
  const removeBody = db.prepare('DELETE FROM bodies WHERE key = ?')
  // A row for each object would cost several times as much as one text.
  const keys = db.prepare('SELECT summary, json_group_array(key) FROM objects INDEXED BY objects_by_summary GROUP BY summary')
  keys.setReturnArrays(true)
  return {
    drifted: () => drifted.all().map((row) => String(row['key'])),
    get: (key) => {
      const row = one.get(key)
      return row === undefined ? undefined : { record: fromRow(row), ...keptOf(row) }
    },
    put: (key, record, kept) => {
      const fixed = [record.uid, record.createdAt, record.generation, record.observedGeneration, record.specDigest, record.contentDigest]
      const late = [record.resourceVersion, record.deletedAt ?? null, record.identity ?? null]
      upsert.run(key, ...fixed, ...late, JSON.stringify(record.conditions), JSON.stringify(record.marks), kept?.summary ?? null)
      if (kept === undefined) removeBody.run(key)
      else upsertBody.run(key, kept.body)
    },
    delete: (key) => {
      remove.run(key)
      removeBody.run(key)
    },
    keys: () => (keys.all() as unknown as [string | null, string][]).map(([summary, list]) => [summary, JSON.parse(list) as ObjectKey[]]),
  }
}

function keptOf(row: Record<string, unknown>): Pick<StoredObject, 'kept'> {
  const { body, summary } = row
  return typeof body === 'string' && typeof summary === 'string' ? { kept: { body, summary } } : {}
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
