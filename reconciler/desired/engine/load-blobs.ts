import type { BlobCache } from '../cache.ts'
import { judgeBlob, unreadBlob } from '../judge/judge-blob.ts'
import { relocate } from '../judge/relocate.ts'
import type { JudgedBlob } from '../judge/types.ts'
import type { ParseLimits } from '../parse/limits.ts'
import type { BlobContent, ReadBlobs } from '../types.ts'
import type { KeptBlobs } from './kept-blobs.ts'

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
  const kept = await keptBlobs(options.cache)
  const blobs = kept?.known(ids) ?? new Map<string, JudgedBlob>()
  const missing = blobs.size === 0 ? ids : ids.filter((id) => !blobs.has(id))
  if (missing.length === 0) return blobs
  for await (const content of options.read(missing)) {
    const blob = judge(content, options.limits)
    blobs.set(content.id, kept?.keep(content.id, blob) ?? blob)
  }
  kept?.flush()
  return blobs
}

/** Loaded where there is a cache: checksums of what it holds take the whole of zlib. */
async function keptBlobs(cache: BlobCache | undefined): Promise<KeptBlobs | undefined> {
  if (cache === undefined) return undefined
  const { KeptBlobs } = await import('./kept-blobs.ts')
  return new KeptBlobs(cache)
}

function judge({ bytes, size, made }: BlobContent, limits: ParseLimits): JudgedBlob {
  if (bytes === undefined) return unreadBlob(size, limits)
  const blob = judgeBlob(bytes, limits)
  return made === undefined ? blob : relocate(blob, made)
}
