import { maskWhole } from '../compare/mask.ts'
import type { JsonObject } from '../compare/types.ts'
import { createMemoryBlobCache } from '../desired/cache.ts'
import type { ManifestError } from '../desired/types.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { defaultCacheDir, lazyRepository, openCache } from './compare/run-diff.ts'
import { openSide } from './compare/open-side.ts'
import { SidesContent } from './compare/sides-content.ts'
import { GitvirtError } from '../lib/errors.ts'

/** What Git wanted of an object at a revision. */
export type PastDesired = { readonly key: ObjectKey; readonly file: string; readonly object?: JsonObject }

export type DesiredAnswer = { readonly objects: readonly PastDesired[]; readonly errors: readonly ManifestError[] }

export type DesiredQuery = {
  /** A folder of a clone. */
  readonly repo: string
  readonly revision: string
  /** The environment's folder. */
  readonly path: string
  /** Only this object, with its body. */
  readonly key?: ObjectKey
}

/**
 * The objects of a revision, read from a clone; what nobody should read is masked.
 * @throws GitvirtError what reading the repository throws, with what to fetch where the clone lacks the revision
 */
export async function pastDesired({ repo, revision, path, key }: DesiredQuery): Promise<DesiredAnswer> {
  await using stack = new AsyncDisposableStack()
  const cache = openCache(defaultCacheDir(), stack)
  const state = async (): Promise<never> => {
    throw new GitvirtError({ code: 'Internal', message: 'A revision has no live state.' })
  }
  const ports = { repo, repository: lazyRepository(repo, stack), renderings: createMemoryBlobCache(), state }
  const side = await openSide({ kind: 'git', name: revision, revision, path }, ports).catch((error: unknown) => {
    throw missing(error, { repo, revision })
  })
  const content = new SidesContent([side], cache)
  const [index] = await content.indexes()
  const objects = (index?.objects ?? []).filter((object) => key === undefined || object.key === key)
  const bodies = key === undefined ? new Map<ObjectKey, JsonObject>() : await content.bodies(0, objects)
  return {
    objects: objects.map((object) => {
      const body = bodies.get(object.key)
      const file = `${path === '' ? '' : `${path}/`}${object.path}:${object.line}`
      return { key: object.key, file, ...(body === undefined ? {} : { object: maskWhole(object.key, body) }) }
    }),
    errors: index?.errors ?? [],
  }
}

function missing(error: unknown, { repo, revision }: { readonly repo: string; readonly revision: string }): unknown {
  if (!(error instanceof GitvirtError) || error.code !== 'RefNotFound') return error
  return new GitvirtError({
    code: 'RefNotFound',
    message: `The clone ${repo} does not have the revision ${revision} that was in force.`,
    action: 'Fetch it: git fetch --unshallow, or name another clone with --repo.',
    cause: error,
  })
}
