import { digestOf } from '../../lib/digest.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { BlobCache } from '../../desired/cache.ts'
import type { JudgedBlob } from '../../desired/judge/types.ts'
import { loadBlobs } from '../../desired/engine/load-blobs.ts'
import { defaultLimits } from '../../desired/parse/limits.ts'
import { createDesired } from '../../desired/state.ts'
import type { ReadBlobs, RefusedFile, TreeEntry } from '../../desired/types.ts'
import { indexView } from '../../compare/side-index.ts'
import { packIndex, unpackIndex } from '../../compare/packed-index.ts'
import type { IndexedObject, JsonObject, SideIndex } from '../../compare/types.ts'
import { openJudges } from '../../workers/judge-pool.ts'
import type { Side } from './side.ts'

type Listed = { readonly entries: readonly TreeEntry[]; readonly refused: readonly RefusedFile[] }

export type DeclaredInput = {
  readonly name: string
  /** Stands for the listing; absent: its digest does. */
  readonly identity?: string
  readonly list: () => Promise<Listed>
  readonly read: ReadBlobs
  readonly cache: BlobCache
}

/** A side that manifests declare. The index of a listing is kept in the cache, so that it is made once. */
export async function declaredSide(input: DeclaredInput): Promise<Side> {
  const { name, cache, read } = input
  const listed = input.identity === undefined ? await input.list() : undefined
  const identity = input.identity ?? `list:${digestOf(listed)}`
  let index: SideIndex | undefined
  return {
    name,
    identity,
    index: async () => (index ??= await indexOf(identity, { ...input, list: async () => listed ?? (await input.list()) })),
    load: async (objects) => await loadBodies(objects, { cache, read }),
  }
}

async function indexOf(identity: string, { cache, list, read }: DeclaredInput): Promise<SideIndex> {
  const id = `index:${identity}`
  const known = unpackIndex(cache.get([id]).get(id))
  if (known !== undefined) return known
  const { entries, refused } = await list()
  const { view } = await createDesired({ cache, openJudges }).update({ revision: identity, entries, refused, read })
  const index = indexView(view)
  cache.put([[id, packIndex(index)]])
  return index
}

async function loadBodies(
  objects: readonly IndexedObject[],
  { cache, read }: Pick<DeclaredInput, 'cache' | 'read'>,
): Promise<ReadonlyMap<ObjectKey, JsonObject>> {
  const wanted = new Map(objects.map((object) => [object.key, object]))
  const ids = new Set(objects.flatMap(({ blob }) => (blob === undefined ? [] : [blob])))
  const blobs = await loadBlobs([...ids], { cache, read, limits: defaultLimits, openJudges })
  const bodies = new Map<ObjectKey, JsonObject>()
  for (const [id, blob] of blobs) takeBodies(blob, (key) => wanted.get(key)?.blob === id, bodies)
  return bodies
}

function takeBodies({ objects }: JudgedBlob, isWanted: (key: ObjectKey) => boolean, into: Map<ObjectKey, JsonObject>): void {
  for (const { key, object } of objects) if (isWanted(key)) into.set(key, object)
}
