import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/**
 * What status told of a key of Git: a digest of all that this followed from, and the keys of the API objects, with spaces between them
 * (a key has none).
 */
export type ToldRecord = readonly [key: ObjectKey, print: string, objects: string]

export type ToldRecords = {
  /** All of them, for the start. */
  all(): ToldRecord[]
  put(record: ToldRecord): void
  delete(key: ObjectKey): void
}

export function toldRecords(db: DatabaseSync): ToldRecords {
  const all = db.prepare('SELECT key, print, objects FROM told')
  all.setReturnArrays(true)
  const upsert = db.prepare('INSERT OR REPLACE INTO told VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM told WHERE key = ?')
  return {
    all: () => all.all() as unknown as ToldRecord[],
    put: (record) => void upsert.run(...record),
    delete: (key) => void remove.run(key),
  }
}
