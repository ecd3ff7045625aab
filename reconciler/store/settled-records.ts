import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** What plans found to need nothing, kept over a restart: by key, a digest of all that this was found from. */
export type SettledRecords = {
  get(key: ObjectKey): string | undefined
  set(key: ObjectKey, print: string): unknown
  delete(key: ObjectKey): boolean
  /** Writes what changed since the last time. */
  save(): void
}

/** @param transaction runs its work in one transaction, joining one that is already open */
export function settledRecords(db: DatabaseSync, transaction: <T>(work: () => T) => T): SettledRecords {
  const upsert = db.prepare('INSERT OR REPLACE INTO settled VALUES (?, ?)')
  const remove = db.prepare('DELETE FROM settled WHERE key = ?')
  const all = db.prepare('SELECT key, print FROM settled')
  all.setReturnArrays(true)
  const prints = new Map(all.all() as unknown as [ObjectKey, string][])
  const unsaved = new Set<ObjectKey>()
  const write = (): void => {
    for (const key of unsaved) {
      const print = prints.get(key)
      if (print === undefined) remove.run(key)
      else upsert.run(key, print)
    }
  }
  return {
    get: (key) => prints.get(key),
    set: (key, print) => {
      unsaved.add(key)
      prints.set(key, print)
    },
    delete: (key) => {
      if (!prints.delete(key)) return false
      unsaved.add(key)
      return true
    },
    save: () => {
      if (unsaved.size > 0) transaction(write)
      unsaved.clear()
    },
  }
}
