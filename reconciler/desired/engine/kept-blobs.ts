import type { BlobCache } from '../cache.ts'
import { blobOfText, blobText } from '../judge/blob-text.ts'
import type { JudgedBlob } from '../judge/types.ts'

/** Blobs that are put into the cache at a time: enough to make its transactions cheap, few enough to keep memory flat. */
const batchSize = 500

/** Judged blobs in a cache. */
export class KeptBlobs {
  readonly #cache: BlobCache
  #fresh: [string, string][] = []

  constructor(cache: BlobCache) {
    this.#cache = cache
  }

  /** Those that the cache has. A damaged entry counts as absent: the blob is read and judged anew. */
  known(ids: readonly string[]): Map<string, JudgedBlob> {
    const blobs = new Map<string, JudgedBlob>()
    for (const [id, text] of this.#cache.get(ids)) {
      const blob = blobOfText(text)
      if (blob !== undefined) blobs.set(id, blob)
    }
    return blobs
  }

  /** Keeps a blob, by the next `flush` at the latest; returns it as the cache would give it, which holds less memory. */
  keep(id: string, blob: JudgedBlob): JudgedBlob {
    const text = blobText(blob)
    this.#fresh.push([id, text])
    if (this.#fresh.length >= batchSize) this.flush()
    return blobOfText(text) ?? blob
  }

  flush(): void {
    if (this.#fresh.length > 0) this.#cache.put(this.#fresh)
    this.#fresh = []
  }
}
