import type { BlobCache } from '../cache.ts'
import { blobOfText, blobText } from '../judge/blob-text.ts'
import { judgeBlob, unreadBlob } from '../judge/judge-blob.ts'
import { relocate } from '../judge/relocate.ts'
import type { JudgedBlob } from '../judge/types.ts'
import type { ParseLimits } from '../parse/limits.ts'
import type { BlobContent, ReadBlobs } from '../types.ts'

/** Blobs that are put into the cache at a time: enough to make its transactions cheap, few enough to keep memory flat. */
const batchSize = 500

export type LoadOptions = {
  readonly cache: BlobCache | undefined
  readonly limits: ParseLimits
  readonly read: ReadBlobs
}

/**
 * What each blob says: from the cache where it is there, else read and judged, and put there. Blobs that the reader leaves out are
 * left out. Holds the bytes of few blobs at a time.
 */
export async function loadBlobs(ids: readonly string[], options: LoadOptions): Promise<Map<string, JudgedBlob>> {
  const { cache } = options
  const blobs = new Map<string, JudgedBlob>()
  fromCache(ids, options, blobs)
  const missing = blobs.size === 0 ? ids : ids.filter((id) => !blobs.has(id))
  if (missing.length === 0) return blobs
  let fresh: [string, string][] = []
  for await (const content of options.read(missing)) {
    const blob = judge(content, options.limits)
    if (cache === undefined) {
      blobs.set(content.id, blob)
      continue
    }
    const text = blobText(blob)
    blobs.set(content.id, blobOfText(text) ?? blob)
    fresh.push([content.id, text])
    if (fresh.length < batchSize) continue
    cache.put(fresh)
    fresh = []
  }
  if (fresh.length > 0) cache?.put(fresh)
  return blobs
}

function judge({ bytes, size, made }: BlobContent, limits: ParseLimits): JudgedBlob {
  if (bytes === undefined) return unreadBlob(size, limits)
  const blob = judgeBlob(bytes, limits)
  return made === undefined ? blob : relocate(blob, made)
}

/** A damaged entry counts as absent: the blob is read and judged anew. */
function fromCache(ids: readonly string[], { cache }: LoadOptions, blobs: Map<string, JudgedBlob>): void {
  if (cache === undefined) return
  for (const [id, text] of cache.get(ids)) {
    const blob = blobOfText(text)
    if (blob !== undefined) blobs.set(id, blob)
  }
}
