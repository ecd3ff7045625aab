import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from '../../schemas/generated/plan.ts'
import { createMemoryBlobCache, type BlobCache } from '../desired/cache.ts'
import { savedView } from '../plan/saved-view.ts'
import type { TreeEntry, UpdateInput } from '../desired/types.ts'
import { renderOverlay } from '../render/render.ts'
import { openLocalRepository } from '../source/local-repository.ts'
import { resolveCommit, resolveTree } from '../source/local-tree.ts'
import { openSource } from '../source/open-source.ts'
import { parseRemote, parseSubPath } from '../source/options.ts'
import { openManifestCache, openRenderCache } from '../store/manifest-cache.ts'
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
 * @throws GitvirtError `InvalidState`, and what reading the repository throws
 */
export async function offlinePlan(options: OfflinePlanOptions): Promise<Plan> {
  await using stack = new AsyncDisposableStack()
  const state = await readState(options.stateFile)
  const reading = readRevision(options, stack)
  // Awaited below; until then a failure must not count as unhandled.
  reading.catch(() => undefined)
  // Loaded while git reads.
  const [{ createDesired }, { plan }] = await Promise.all([import('../desired/state.ts'), import('../plan/plan.ts')])
  const revision = await reading
  const cache =
    options.cacheDir === undefined
      ? {}
      : {
          cache: stack.adopt(openManifestCache(options.cacheDir), (value) => value.close()),
        }
  const root = options.path === undefined ? {} : { root: parseSubPath(options.path) }
  const { view } = await createDesired({ ...cache, ...root }).update(revision)
  return plan({ desired: view, observed: savedView(state), approvals: [], suspensions: [], now: new Date() })
}

type ReadRevision = Required<Pick<UpdateInput, 'revision' | 'read' | 'refused'>> & { readonly entries: readonly TreeEntry[] }

async function readRevision(options: OfflinePlanOptions, stack: AsyncDisposableStack): Promise<ReadRevision> {
  const { repo, ref = 'HEAD' } = options
  const path = parseSubPath(options.path ?? '')
  if (parseRemote(repo).transport !== 'local') return await fetchRevision({ ...options, path }, stack)
  // What lies on this machine needs no copy.
  const folder = parseRemote(repo).url
  const revision = await resolveCommit(folder, ref)
  const trees = [resolveTree(folder, revision, path), resolveTree(folder, revision, '')] as const
  const [tree, whole, repository] = await Promise.all([...trees, openLocalRepository(folder)])
  stack.adopt(repository, async (value) => await value.close())
  const overlay = await renderOverlay({ tree: repository.files(whole), root: path, cache: openRenderings(options, stack) })
  return { revision, ...(overlay ?? { ...(await repository.list(tree, path)), read: (ids) => repository.read(ids) }) }
}

async function fetchRevision(options: OfflinePlanOptions & { readonly path: string }, stack: AsyncDisposableStack): Promise<ReadRevision> {
  const { cacheDir, repo, path } = options
  const storeDir = cacheDir === undefined ? await mkdtemp(join(tmpdir(), 'gitvirt-plan-')) : join(cacheDir, 'source')
  if (cacheDir === undefined) stack.defer(async () => await rm(storeDir, { recursive: true, force: true }))
  const ref = options.ref === undefined ? {} : { ref: options.ref }
  const source = stack.adopt(await openSource({ url: repo, storeDir, path, ...ref }), async (value) => await value.close())
  const { commit } = await source.fetch()
  const overlay = await renderOverlay({ tree: await source.files(commit), root: path, cache: openRenderings(options, stack) })
  return { revision: commit, ...(overlay ?? { ...(await source.list(commit)), read: (ids) => source.read(ids) }) }
}

function openRenderings({ cacheDir }: OfflinePlanOptions, stack: AsyncDisposableStack): BlobCache {
  return cacheDir === undefined ? createMemoryBlobCache() : stack.adopt(openRenderCache(cacheDir), (value) => value.close())
}
