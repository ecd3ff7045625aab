import { join } from 'node:path'
import { openBlobCache, type ClosableBlobCache } from './blob-cache.ts'
import { rulesVersion } from './rules-version.ts'

const project = join(import.meta.dirname, '..', '..')
/** What decides how a manifest is read. */
const rules = ['schemas', 'reconciler/desired', 'reconciler/lib'].map((folder) => join(project, folder))
/** What decides how two manifests compare. */
const comparing = ['reconciler/compare', 'reconciler/plan/diff'].map((folder) => join(project, folder))

/**
 * The cache of judged manifests in a folder; entries that other versions of the code made are not seen.
 * @throws GitvirtError `CacheUnusable`
 */
export function openManifestCache(dir: string): ClosableBlobCache {
  return openBlobCache({ file: join(dir, 'manifests.db'), version: rulesVersion(rules) })
}

/**
 * The cache of `gitvirt diff`: judged manifests, and what was made of them.
 * @throws GitvirtError `CacheUnusable`
 */
export function openComparisonCache(dir: string): ClosableBlobCache {
  return openBlobCache({ file: join(dir, 'comparisons.db'), version: rulesVersion([...rules, ...comparing]) })
}
