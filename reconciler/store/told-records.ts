import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** What status told of a key of Git: a digest of all that this followed from, and the keys of the API objects. */
export type ToldRecord = { readonly print: string; readonly objects: readonly ObjectKey[] }

export type ToldRecords = {
  /** All of them, for the start. */
  all(): Map<ObjectKey, ToldRecord>
  put(key: ObjectKey, record: ToldRecord): void
  delete(key: ObjectKey): void
}

export function toldRecords(db: DatabaseSync): ToldRecords {
  const all = db.prepare('SELECT key, print, objects FROM told')
  const upsert = db.prepare('INSERT OR REPLACE INTO told VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM told WHERE key = ?')
  return {
    // A key has no spaces.
    all: () =>
      new Map(all.all().map((row) => [String(row['key']), { print: String(row['print']), objects: String(row['objects']).split(' ') }])),
    put: (key, { print, objects }) => void upsert.run(key, print, objects.join(' ')),
    delete: (key) => void remove.run(key),
  }
}
