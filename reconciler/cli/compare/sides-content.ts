import { packBlob, unpackBlob } from '../../compare/bodiless.ts'
import { indexListing, type FileListing } from '../../compare/listing-index.ts'
import { packIndex, unpackIndex } from '../../compare/packed-index.ts'
import type { IndexedObject, JsonObject, SideIndex } from '../../compare/types.ts'
import type { BlobCache } from '../../desired/cache.ts'
import { loadBlobs } from '../../desired/engine/load-blobs.ts'
import type { JudgedBlob } from '../../desired/judge/types.ts'
import { defaultLimits } from '../../desired/parse/limits.ts'
import type { ReadBlobs } from '../../desired/types.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { Side } from './side.ts'

type Declared = Side & { readonly kind: 'declared' }

/**
 * What two sides hold. A blob is read and judged once, whichever sides have it, and not at all where the cache tells what it declares
 * and nobody asks for its bodies.
 */
export class SidesContent {
  readonly #sides: readonly Side[]
  readonly #cache: BlobCache
  /** Judged in this run, bodies and all. */
  readonly #judged = new Map<string, JudgedBlob>()

  constructor(sides: readonly Side[], cache: BlobCache) {
    this.#sides = sides
    this.#cache = cache
  }

  /** The index of each side, in their order. */
  async indexes(): Promise<SideIndex[]> {
    const known = this.#sides.map((side) => (side.kind === 'live' ? side.live.index : this.#cachedIndex(side)))
    const listings = new Map<Declared, FileListing>()
    for (const [index, side] of this.#sides.entries())
      if (known[index] === undefined && side.kind === 'declared') listings.set(side, await side.list())
    const blobs = await this.#declared(new Set([...listings.values()].flatMap(({ entries }) => entries.map(({ id }) => id))))
    const made = new Map<Side, SideIndex>()
    for (const [side, listing] of listings) made.set(side, indexListing(listing, blobs))
    this.#cache.put([...made].map(([side, index]) => [`index:${side.identity ?? ''}`, packIndex(index)] as const))
    return this.#sides.map((side, index) => known[index] ?? made.get(side) ?? emptyIndex)
  }

  #cachedIndex({ identity }: Declared): SideIndex | undefined {
    const id = `index:${identity}`
    return unpackIndex(this.#cache.get([id]).get(id))
  }

  /** What the blobs declare; bodies may be empty. */
  async #declared(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, JudgedBlob>> {
    const blobs = new Map<string, JudgedBlob>()
    for (const [id, text] of this.#cache.get([...ids].map((id) => `blob:${id}`))) {
      const blob = unpackBlob(text)
      if (blob !== undefined) blobs.set(id.slice('blob:'.length), blob)
    }
    const fresh = await this.#judge([...ids].filter((id) => !blobs.has(id)))
    this.#cache.put([...fresh].map(([id, blob]) => [`blob:${id}`, packBlob(blob)] as const))
    for (const [id, blob] of fresh) blobs.set(id, blob)
    return blobs
  }

  async #judge(ids: readonly string[]): Promise<ReadonlyMap<string, JudgedBlob>> {
    if (ids.length === 0) return new Map()
    const fresh = await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read: (wanted) => this.#read(wanted) })
    for (const [id, blob] of fresh) this.#judged.set(id, blob)
    return fresh
  }

  /** Each blob from the first side that has it. */
  async *#read(ids: readonly string[]): ReturnType<ReadBlobs> {
    let rest = [...ids]
    for (const side of this.#sides) {
      if (side.kind === 'live' || rest.length === 0) continue
      const held = this.#sides.length > 1 ? await this.#heldBy(side) : undefined
      const own = held === undefined ? rest : rest.filter((id) => held.has(id))
      rest = held === undefined ? [] : rest.filter((id) => !held.has(id))
      yield* side.read(own)
    }
  }

  readonly #held = new Map<Side, ReadonlySet<string>>()

  async #heldBy(side: Declared): Promise<ReadonlySet<string>> {
    let held = this.#held.get(side)
    if (held === undefined) {
      held = new Set((await side.list()).entries.map(({ id }) => id))
      this.#held.set(side, held)
    }
    return held
  }

  /** Bodies of objects of one side, by key. */
  async bodies(sideIndex: number, objects: readonly IndexedObject[]): Promise<ReadonlyMap<ObjectKey, JsonObject>> {
    const side = this.#sides[sideIndex]
    if (side?.kind === 'live') return side.live.objects
    const wanted = new Map(objects.map((object) => [object.key, object]))
    const ids = new Set(objects.flatMap(({ blob }) => (blob === undefined ? [] : [blob])))
    await this.#judge([...ids].filter((id) => !this.#judged.has(id)))
    const bodies = new Map<ObjectKey, JsonObject>()
    for (const id of ids) {
      for (const { key, object } of this.#judged.get(id)?.objects ?? []) if (wanted.get(key)?.blob === id) bodies.set(key, object)
    }
    return bodies
  }
}

const emptyIndex: SideIndex = { objects: [], unknownKeys: [], untold: [], errors: [], declared: true }
