import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from '../../schemas/generated/plan.ts'
import type { OpenJudges } from '../desired/judges.ts'
import { defaultLimits } from '../desired/parse/limits.ts'
import { savedView } from '../plan/saved-view.ts'
import { openSource } from '../source/open-source.ts'
import { openManifestCache } from '../store/manifest-cache.ts'
import { openJudges } from '../workers/judge-pool.ts'
import { readState } from './state-file.ts'

export type OfflinePlanOptions = {
  /** Local folder or address of the repository. */
  readonly repo: string
  readonly ref?: string
  readonly path?: string
  /** File that `plan --save-state` wrote. */
  readonly stateFile: string
  /** Parsed manifests are kept here. */
  readonly cacheDir?: string
}

/**
 * The plan of one revision against a saved state, secrets included: people see it through `renderPlan` or `maskPlan`.
 * @throws GitvirtError `InvalidState`, and what the source throws
 */
export async function offlinePlan(options: OfflinePlanOptions): Promise<Plan> {
  await using stack = new AsyncDisposableStack()
  const state = await readState(options.stateFile)
  const storeDir = options.cacheDir === undefined ? await mkdtemp(join(tmpdir(), 'gitvirt-plan-')) : join(options.cacheDir, 'source')
  if (options.cacheDir === undefined) stack.defer(async () => await rm(storeDir, { recursive: true, force: true }))
  const ref = options.ref === undefined ? {} : { ref: options.ref }
  const path = options.path === undefined ? {} : { path: options.path }
  const judges = startJudges(options, stack)
  const source = stack.adopt(await openSource({ url: options.repo, storeDir, ...ref, ...path }), async (value) => await value.close())
  const fetched = source.fetch()
  // Awaited below; until then a failure must not count as unhandled.
  fetched.catch(() => undefined)
  // Loaded while git fetches.
  const [{ createDesired }, { plan }] = await Promise.all([import('../desired/state.ts'), import('../plan/plan.ts')])
  const revision = await fetched
  const { entries, refused } = await source.list(revision.commit)
  const cache =
    options.cacheDir === undefined
      ? {}
      : {
          cache: stack.adopt(openManifestCache(options.cacheDir), (value) => value.close()),
        }
  const root = options.path === undefined ? {} : { root: options.path.replaceAll(/^\/+|\/+$/g, '') }
  const desired = createDesired({ ...cache, ...root, openJudges: judges })
  const { view } = await desired.update({ revision: revision.commit, entries, refused, read: (ids) => source.read(ids) })
  return plan({ desired: view, observed: savedView(state), approvals: [], suspensions: [], now: new Date() })
}

/** Without a cache everything is judged: threads that start now load their code while git fetches. */
function startJudges({ cacheDir }: OfflinePlanOptions, stack: AsyncDisposableStack): OpenJudges {
  if (cacheDir !== undefined) return openJudges
  const judges = stack.adopt(openJudges(defaultLimits), async (value) => await value.close())
  return () => judges
}
