import type { BlobCache } from '../cache.ts'
import { judgeBlob } from '../judge/judge-blob.ts'
import type { JudgedBlob } from '../judge/types.ts'
import type { ParseLimits } from '../parse/limits.ts'
import type { ReadBlobs } from '../types.ts'

/** Blobs per round trip to the cache: enough to make its transactions cheap, few enough to keep memory flat. */
const batchSize = 500

export type LoadOptions = { readonly cache: BlobCache | undefined; readonly limits: ParseLimits; readonly read: ReadBlobs }

/**
 * What each blob says: from the cache where it is there, else read and judged, and put there. Blobs that the reader leaves out are
 * left out. Holds no bytes beyond the one blob at hand.
 */
export async function loadBlobs(ids: readonly string[], options: LoadOptions): Promise<Map<string, JudgedBlob>> {
  const blobs = new Map<string, JudgedBlob>()
  for (let at = 0; at < ids.length; at += batchSize) fromCache(ids.slice(at, at + batchSize), options, blobs)
  const missing = ids.filter((id) => !blobs.has(id))
  if (missing.length === 0) return blobs
  let fresh: [string, string][] = []
  for await (const { id, bytes } of options.read(missing)) {
    const blob = judgeBlob(bytes, options.limits)
    blobs.set(id, blob)
    if (options.cache === undefined) continue
    fresh.push([id, JSON.stringify(blob)])
    if (fresh.length < batchSize) continue
    options.cache.put(fresh)
    fresh = []
  }
  if (fresh.length > 0) options.cache?.put(fresh)
  return blobs
}

function fromCache(ids: readonly string[], { cache }: LoadOptions, blobs: Map<string, JudgedBlob>): void {
  if (cache === undefined) return
  for (const [id, text] of cache.get(ids)) {
    const blob = revive(text)
    if (blob !== undefined) blobs.set(id, blob)
  }
}

/** A damaged entry counts as absent: the blob is read and judged anew. */
function revive(text: string): JudgedBlob | undefined {
  try {
    const value = JSON.parse(text) as Partial<JudgedBlob> | null
    const lists = [value?.objects, value?.invalid, value?.guesses, value?.problems]
    return lists.every((list) => Array.isArray(list)) && typeof value?.broken === 'boolean' ? (value as JudgedBlob) : undefined
  } catch {
    return undefined
  }
}
