import type { ObjectKey } from '../../lib/object-key.ts'

/** Who had an object before, where an environment has several sources. */
export type Owners = {
  /** The file that has the say in an object, or had it last; undefined where nobody can tell. */
  of(key: ObjectKey): string | undefined
  /** True where that was told by what was kept from before this process. */
  wasKnown(key: ObjectKey): boolean
  /** @param path undefined: nobody has it */
  put(key: ObjectKey, path: string | undefined): void
}

export type KeptOwners = Owners & {
  /**
   * Hands what is not kept yet to `write`, which keeps it.
   * @throws what `write` throws; then it is handed out again
   */
  save(write: (changes: ReadonlyMap<ObjectKey, string | undefined>) => void): void
}

/** @param known what was kept from before this process */
export function createOwners(known: Iterable<readonly [ObjectKey, string]> = []): KeptOwners {
  const owners = new Map(known)
  const before: ReadonlySet<ObjectKey> = new Set(owners.keys())
  const unsaved = new Map<ObjectKey, string | undefined>()
  return {
    of: (key) => owners.get(key),
    wasKnown: (key) => before.has(key),
    put: (key, path) => {
      if (owners.get(key) === path) return
      if (path === undefined) owners.delete(key)
      else owners.set(key, path)
      unsaved.set(key, path)
    },
    save: (write) => {
      if (unsaved.size > 0) write(unsaved)
      unsaved.clear()
    },
  }
}

/** The same owners for what is only tried: nothing that comes of it is kept. */
export function triedWith(owners: Owners): Owners {
  return { of: (key) => owners.of(key), wasKnown: () => true, put: () => undefined }
}
