import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** Which file had the say in each object, where an environment has several sources. */
export type OwnerRecords = {
  all(): [ObjectKey, string][]
  /** Those without a path are forgotten. */
  write(changes: ReadonlyMap<ObjectKey, string | undefined>): void
  /** Forgets all whose file does not count; a source that comes back has owned nothing meanwhile. */
  keep(counts: (path: string) => boolean): void
}

/** @param transaction runs its work in one transaction, joining one that is already open */
export function ownerRecords(db: DatabaseSync, transaction: <T>(work: () => T) => T): OwnerRecords {
  const select = db.prepare('SELECT key, path FROM owners')
  select.setReturnArrays(true)
  const upsert = db.prepare('INSERT OR REPLACE INTO owners VALUES (?, ?)')
  const remove = db.prepare('DELETE FROM owners WHERE key = ?')
  const all = (): [ObjectKey, string][] => select.all() as unknown as [ObjectKey, string][]
  const write: OwnerRecords['write'] = (changes) =>
    transaction(() => {
      for (const [key, path] of changes) {
        if (path === undefined) remove.run(key)
        else upsert.run(key, path)
      }
    })
  return {
    all,
    write,
    keep: (counts) => {
      const gone = all().filter(([, path]) => !counts(path))
      if (gone.length > 0) write(new Map(gone.map(([key]) => [key, undefined])))
    },
  }
}
