import { join } from 'node:path'
import { openBlobCache, type ClosableBlobCache } from './blob-cache.ts'
import { rulesStamp, rulesVersion } from './rules-version.ts'

const project = join(import.meta.dirname, '..', '..')
/** What decides how a manifest is read. */
const rules = ['schemas', 'reconciler/desired', 'reconciler/lib'].map((folder) => join(project, folder))
/** What decides how two manifests compare. */
const comparing = ['reconciler/compare', 'reconciler/plan'].map((folder) => join(project, folder))

/**
 * The cache of judged manifests in a folder; entries that other versions of the code made are not seen.
 * @throws GitvirtError `CacheUnusable`
 */
export function openManifestCache(dir: string): ClosableBlobCache {
  return openBlobCache({ file: join(dir, 'manifests.db'), version: rulesVersion(rules, [join(project, 'package.json')]) })
}

/**
 * What `gitvirt diff` made of listings and pairs of them: small, and apart from the manifests, so that it opens at once. Holds no
 * secret values.
 * @throws GitvirtError `CacheUnusable`
 */
export function openComparisonCache(dir: string): ClosableBlobCache {
  return openBlobCache({ file: join(dir, 'comparisons.db'), version: rulesStamp([...rules, ...comparing]), maxBytes: 64 * 2 ** 20 })
}

/** What decides what is rendered of an overlay besides the program. */
const rendering = [...rules, join(project, 'reconciler/render')]

/**
 * What overlays were rendered to, opened when it is first asked: most environments have none. A cache that cannot be opened costs
 * time, nothing else.
 */
export function openRenderCache(dir: string): ClosableBlobCache {
  let opened: ClosableBlobCache | undefined
  const cache = (): ClosableBlobCache | undefined => {
    try {
      opened ??= openBlobCache({ file: join(dir, 'renderings.db'), version: rulesVersion(rendering, [join(project, 'package.json')]) })
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
