import { join } from 'node:path'
import { openBlobCache, type ClosableBlobCache } from './blob-cache.ts'
import { manifestRules, manifestVersion, projectStamp, projectVersion } from './rules-version.ts'

/** What decides how two manifests compare. */
const comparing = ['reconciler/compare', 'reconciler/plan']

/**
 * The cache of judged manifests in a folder; entries that other versions of the code made are not seen.
 * @throws GitvirtError `CacheUnusable`
 */
export function openManifestCache(dir: string): ClosableBlobCache {
  return openBlobCache({ file: join(dir, 'manifests.db'), version: manifestVersion() })
}

/**
 * What `gitvirt diff` made of listings and pairs of them: small, and apart from the manifests, so that it opens at once. Holds no
 * secret values.
 * @throws GitvirtError `CacheUnusable`
 */
export function openComparisonCache(dir: string): ClosableBlobCache {
  return openBlobCache({
    file: join(dir, 'comparisons.db'),
    version: projectStamp([...manifestRules, ...comparing]),
    maxBytes: 64 * 2 ** 20,
  })
}

/** What decides what is rendered of an overlay besides the program. */
const rendering = [...manifestRules, 'reconciler/render']

/**
 * What overlays were rendered to, opened when it is first asked: most environments have none. A cache that cannot be opened costs
 * time, nothing else.
 */
export function openRenderCache(dir: string): ClosableBlobCache {
  let opened: ClosableBlobCache | undefined
  const cache = (): ClosableBlobCache | undefined => {
    try {
      opened ??= openBlobCache({ file: join(dir, 'renderings.db'), version: projectVersion(rendering) })
    } catch {
      return undefined
    }
    return opened
  }
  return {
    get: (ids) => cache()?.get(ids) ?? new Map(),
    put: (entries) => cache()?.put(entries),
    close: () => opened?.close(),
  }
}
