import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Plan } from '../../schemas/generated/plan.ts'
import type { ManifestError } from '../desired/types.ts'
import { createMemoryBlobCache } from '../desired/cache.ts'
import type { OtherSource } from '../follow-others.ts'
import { savedView } from '../plan/saved-view.ts'
import { allEnded } from '../lib/all-ended.ts'
import { parseSubPath } from '../source/options.ts'
import type { ClosableBlobCache } from '../store/blob-cache.ts'
import { readSource, type ReadSource } from './read-source.ts'
import { readState } from './state-file.ts'

export type OfflinePlanOptions = {
  /** Local folder or address of the repository. */
  readonly repo: string
  readonly ref?: string
  readonly path?: string
  /** File that `plan --save-state` wrote. */
  readonly stateFile: string
  /** Other sources of the same environment. */
  readonly others?: readonly OtherSource[]
  /** Parsed manifests are kept here. */
  readonly cacheDir?: string
}

/** A plan, and what of the repository could not be read for it. */
export type OfflinePlan = { readonly plan: Plan; readonly errors: readonly ManifestError[] }

/**
 * The plan of one revision against a saved state, secrets included: people see it through `renderPlan` or `maskPlan`.
 * @throws GitvirtError `InvalidState`, and what reading the repository throws
 */
export async function offlinePlan(options: OfflinePlanOptions): Promise<OfflinePlan> {
  await using stack = new AsyncDisposableStack()
  const [revision, { state, plan, createDesired }] = await allEnded([readRevisions(options, stack), meanwhile(options.stateFile)])
  const { cacheDir, path, others = [] } = options
  const cache = cacheDir === undefined ? {} : { cache: stack.adopt((await cachesModule()).openManifestCache(cacheDir), closeCache) }
  const root = path === undefined ? {} : { root: parseSubPath(path) }
  const owners = others.length === 0 ? {} : { owners: (await import('./state-owners.ts')).ownersIn(state) }
  const { view } = await createDesired({ ...cache, ...root, ...owners }).update(revision)
  // All is read: git ends while the plan is made.
  const closed = stack.disposeAsync()
  try {
    const made = plan({ desired: view, observed: savedView(state), approvals: [], suspensions: [], now: new Date() })
    return { plan: made, errors: view.errors().filter(({ severity }) => severity === 'error') }
  } finally {
    await closed
  }
}

/** What is read and loaded while git reads, in parts between which its answers are taken. */
async function meanwhile(stateFile: string) {
  const state = await readState(stateFile)
  const { plan } = await import('../plan/plan.ts')
  await answersTaken()
  const { createDesired } = await import('../desired/state.ts')
  return { state, plan, createDesired }
}

/** What a program printed, its end, and the end of its output come in turns of their own; what follows from them in another. */
async function answersTaken(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate()
}

async function readRevisions(options: OfflinePlanOptions, stack: AsyncDisposableStack): Promise<ReadSource> {
  const { repo, ref, path, cacheDir, others = [] } = options
  const renderings =
    cacheDir === undefined ? createMemoryBlobCache() : stack.adopt((await cachesModule()).openRenderCache(cacheDir), closeCache)
  const storeDir = cacheDir === undefined ? undefined : join(cacheDir, 'source')
  const own = { repo, ref, path, storeDir, renderings }
  if (others.length === 0) return await readSource(own, stack)
  const [{ readOthers }, { together }] = await Promise.all([import('./read-others.ts'), import('../placed-listing.ts')])
  const [first, rest] = await allEnded([readSource(own, stack), readOthers({ others, cacheDir, renderings }, stack)])
  const { entries, refused, read } = first
  return { revision: first.revision, ...together([{ entries, refused, read }, ...rest]) }
}

/** Loaded where there is a folder for caches: without one, no database is opened. */
async function cachesModule() {
  return await import('../store/manifest-cache.ts')
}

function closeCache(cache: ClosableBlobCache): void {
  cache.close()
}
