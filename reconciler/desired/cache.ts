/**
 * Where the outcome of a blob (parsed, validated, converted, defaulted, expanded) is kept, so that no blob is parsed twice.
 * Keys are Git blob ids; a cache serves one version of our own rules only (see `rulesVersion`): the maker of the cache puts
 * the version into its own key. Values are opaque texts (`blobText`); a value that is lost or damaged costs time, never correctness.
 */
export type BlobCache = {
  /** Values of those ids that are there. */
  get(ids: readonly string[]): Map<string, string>
  put(entries: Iterable<readonly [id: string, text: string]>): void
}

/** A cache in memory that drops what was not used for longest once its texts exceed `maxBytes` (default 64 MiB; two bytes a character). */
export function createMemoryBlobCache(maxBytes = 64 * 1024 * 1024): BlobCache {
  const texts = new Map<string, string>()
  let bytes = 0
  const drop = (id: string): void => {
    bytes -= (texts.get(id)?.length ?? 0) * 2
    texts.delete(id)
  }
  return {
    get(ids) {
      const found = new Map<string, string>()
      for (const id of ids) {
        const text = texts.get(id)
        if (text === undefined) continue
        // A Map keeps the order of insertion: inserting anew marks the entry as just used.
        texts.delete(id)
        texts.set(id, text)
        found.set(id, text)
      }
      return found
    },
    put(entries) {
      for (const [id, text] of entries) {
        drop(id)
        texts.set(id, text)
        bytes += text.length * 2
      }
      for (const id of texts.keys()) {
        if (bytes <= maxBytes) break
        drop(id)
      }
    },
  }
}
