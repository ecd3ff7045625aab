/** Layers below which a map is made flat: few enough for short look-ups, many enough for few copies. */
const deepest = 64

/**
 * A map of which every version stays as it is, and any version can be edited: histories branch. A version holds its own edits and the
 * version that it was made from; after some generations it is copied flat.
 */
export class LayeredMap<K, V> {
  readonly #below: LayeredMap<K, V> | undefined
  readonly #own: ReadonlyMap<K, V | undefined>
  readonly #depth: number

  constructor(own: ReadonlyMap<K, V | undefined> = new Map(), below?: LayeredMap<K, V>) {
    this.#own = own
    this.#below = below
    this.#depth = below === undefined ? 0 : below.#depth + 1
  }

  get(key: K): V | undefined {
    return LayeredMap.#find(this, key)
  }

  static #find<K, V>(start: LayeredMap<K, V>, key: K): V | undefined {
    for (let layer: LayeredMap<K, V> | undefined = start; layer !== undefined; layer = layer.#below) {
      if (layer.#own.has(key)) return layer.#own.get(key)
    }
    return undefined
  }

  /** The map after these edits; undefined takes a key out. */
  with(edits: ReadonlyMap<K, V | undefined>): LayeredMap<K, V> {
    if (edits.size === 0) return this
    const next = new LayeredMap(edits, this)
    return next.#depth < deepest ? next : new LayeredMap(new Map(next.entries()))
  }

  /** All keys with their values. */
  entries(): Map<K, V> {
    const all = this.#below === undefined ? new Map<K, V>() : this.#below.entries()
    for (const [key, value] of this.#own) {
      if (value === undefined) all.delete(key)
      else all.set(key, value)
    }
    return all
  }
}
