import type { ObjectReader } from './engine.ts'
import { missingObject } from './trees.ts'

/** A blob's content, or how many bytes it has where that is more than was asked for. */
export type BlobContent = { readonly id: string } & (
  { readonly bytes: Uint8Array; readonly size?: undefined } | { readonly bytes?: undefined; readonly size: number }
)

export type ReadOptions = {
  readonly maxBytes: number
  /** Says what a failure means to the caller, by throwing. */
  readonly failed?: (error: unknown) => never
}

/**
 * Contents of blobs, in the order of their ids; of those with more than `maxBytes` the size alone.
 * @throws GitvirtError `ObjectMissing`
 */
export async function* readBlobs(
  engine: Pick<ObjectReader, 'objects'>,
  ids: readonly string[],
  { maxBytes, failed }: ReadOptions,
): AsyncGenerator<BlobContent> {
  let next = 0
  try {
    for await (const some of engine.objects(ids, maxBytes)) {
      for (const { id, type, size, bytes } of some) {
        // What the store lacks is left out of the answers.
        if (type !== 'blob' || id !== ids[next]) throw missingObject('blob', ids[next] ?? id)
        next += 1
        yield bytes === undefined ? { id, size } : { id, bytes }
      }
    }
    const missing = ids[next]
    if (missing !== undefined) throw missingObject('blob', missing)
  } catch (error) {
    failed?.(error)
    throw error
  }
}
