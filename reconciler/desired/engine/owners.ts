import { rootOf } from '../../lib/folders-above.ts'
import type { ObjectKey } from '../../lib/object-key.ts'

/** Who had an object before, where an environment has several sources. */
export type Owners = {
  /** The file that has the say in an object, or had it last; undefined where nobody can tell. */
  of(key: ObjectKey): string | undefined
  /** What the source with this root (`rootOf`) has, or had last. */
  keysOf(root: string): Iterable<ObjectKey>
  /** True where that was told by what was kept from before this process, and its source has had it ever since. */
  wasKnown(key: ObjectKey): boolean
  /** @param path undefined: nobody has it */
  put(key: ObjectKey, path: string | undefined): void
}

export type KeptOwners = Owners & {
  /**
   * Hands what is not kept yet to `write`, which keeps it.
   * @param isWhole false while a source was not read yet: who is new as an owner is not kept then, as that source may have had the object
   * @throws what `write` throws; then it is handed out again
   */
  save(write: (changes: ReadonlyMap<ObjectKey, string | undefined>) => void, isWhole?: boolean): void
}

/** @param known what was kept from before this process */
export function createOwners(known: Iterable<readonly [ObjectKey, string]> = []): KeptOwners {
  const owners = new Map(known)
  const before = new Set(owners.keys())
  const kept = new Set(owners.keys())
  const unsaved = new Map<ObjectKey, string | undefined>()
  return {
    of: (key) => owners.get(key),
    keysOf: (root) => [...owners].flatMap(([key, path]) => (rootOf(path) === root ? [key] : [])),
    wasKnown: (key) => before.has(key),
    put: (key, path) => {
      const had = owners.get(key)
      if (had === path) return
      if (had !== undefined && (path === undefined || rootOf(path) !== rootOf(had))) before.delete(key)
      if (path === undefined) owners.delete(key)
      else owners.set(key, path)
      unsaved.set(key, path)
    },
    save: (write, isWhole = true) => {
      const ready = isWhole ? unsaved : new Map([...unsaved].filter(([key]) => kept.has(key)))
      if (ready.size > 0) write(ready)
      for (const [key, path] of ready) {
        if (path === undefined) kept.delete(key)
        else kept.add(key)
        unsaved.delete(key)
      }
    },
  }
}

/** The same owners for what is only tried: nothing that comes of it is kept. */
export function triedWith(owners: Owners): Owners {
  return { of: (key) => owners.of(key), keysOf: () => [], wasKnown: () => true, put: () => undefined }
}
