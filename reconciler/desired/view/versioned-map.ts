/** A fleet has as many small maps as objects: what none of them uses is shared. */
const unchanged = new Map<never, undefined>()

/**
 * A map of which every version stays readable, at a cost that follows the edits and not the size. The newest version owns the real
 * Map; an older one keeps only what the next version changed, and asks that version for the rest (a persistent map by rerooting,
 * after H. Baker's "Shallow binding makes functional arrays fast"). A version that nobody holds any more is collected.
 * An iteration must end before the next edit.
 */
export class VersionedMap<K, V> {
  #own: Map<K, V> | undefined
  #before: Pick<ReadonlyMap<K, V | undefined>, 'get' | 'has'> & Iterable<readonly [K, V | undefined]> = unchanged
  #next: VersionedMap<K, V> | undefined

  constructor(entries: Map<K, V> = new Map()) {
    this.#own = entries
  }

  get(key: K): V | undefined {
    return VersionedMap.#find(this, key)
  }

  static #find<K, V>(start: VersionedMap<K, V>, key: K): V | undefined {
    let version = start
    // A loop, not a recursion: a view that is held for long may be many versions old.
    while (version.#own === undefined && version.#next !== undefined) {
      if (version.#before.has(key)) return version.#before.get(key)
      version = version.#next
    }
    return version.#own?.get(key)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  get isEmpty(): boolean {
    return this.#own === undefined ? this.keys().next().done === true : this.#own.size === 0
  }

  keys(): IterableIterator<K, undefined, undefined> {
    return this.#own?.keys() ?? this.#oldKeys()
  }

  *#oldKeys(): Generator<K, undefined, undefined> {
    for (const [key, value] of this.#before) if (value !== undefined) yield key
    for (const key of this.#next?.keys() ?? []) if (!this.#before.has(key)) yield key
    return undefined
  }

  *values(): Generator<V, void, undefined> {
    for (const key of this.keys()) {
      const value = this.get(key)
      if (value !== undefined) yield value
    }
  }

  /**
   * The next version: undefined takes a key out. Only the newest version can be edited. The edits are taken over: they may become the map.
   * @throws Error where this version has been edited before: a fault of the caller
   */
  with(edits: Map<K, V | undefined>): VersionedMap<K, V> {
    const own = this.#own
    if (own === undefined) throw new Error('Only the newest version of a map can be edited.')
    if (edits.size === 0) return this
    if (own.size === 0) return new VersionedMap(present(edits))
    const before = new Map<K, V | undefined>()
    for (const [key, value] of edits) {
      before.set(key, own.get(key))
      if (value === undefined) own.delete(key)
      else own.set(key, value)
    }
    const next = new VersionedMap<K, V>(own)
    this.#own = undefined
    this.#before = before
    this.#next = next
    return next
  }
}

function present<K, V>(edits: Map<K, V | undefined>): Map<K, V> {
  for (const [key, value] of edits) if (value === undefined) edits.delete(key)
  return edits as Map<K, V>
}
