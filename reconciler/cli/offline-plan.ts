import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Plan } from '../../schemas/generated/plan.ts'
import { createMemoryBlobCache, type BlobCache } from '../desired/cache.ts'
import { savedView } from '../plan/saved-view.ts'
import type { TreeEntry, UpdateInput } from '../desired/types.ts'
import type { Overlay, RenderOptions } from '../render/render.ts'
import { openLocalRepository } from '../source/local-repository.ts'
import { resolveCommit, resolveTree } from '../source/local-tree.ts'
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
  const reading = readRevision(options, stack)
  // Awaited below; until then a failure must not count as unhandled.
  reading.catch(() => undefined)
  const state = await readState(options.stateFile)
  // Loaded while git reads, in parts between which its answers are taken.
  const { plan } = await import('../plan/plan.ts')
  await setImmediate()
  const { createDesired } = await import('../desired/state.ts')
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
  const [revision, repository] = await Promise.all([resolveCommit(folder, ref), openLocalRepository(folder)])
  stack.adopt(repository, async (value) => await value.close())
  const { whole, folder: tree = await resolveTree(folder, revision, path) } = await repository.trees(revision, path)
  const listed = repository.list(tree, path)
  // Awaited below; until then a failure must not count as unhandled.
  listed.catch(() => undefined)
  const overlay = await renderedOverlay({ tree: repository.files(whole), root: path, cache: openRenderings(options, stack) })
  return { revision, ...(overlay ?? { ...(await listed), read: (ids) => repository.read(ids) }) }
}

/** What renders is loaded while git reads. */
async function renderedOverlay(options: RenderOptions): Promise<Overlay | undefined> {
  const { renderOverlay } = await import('../render/render.ts')
  return await renderOverlay(options)
}

async function fetchRevision(options: OfflinePlanOptions & { readonly path: string }, stack: AsyncDisposableStack): Promise<ReadRevision> {
  const { cacheDir, repo, path } = options
  const storeDir = cacheDir === undefined ? await mkdtemp(join(tmpdir(), 'gitvirt-plan-')) : join(cacheDir, 'source')
  if (cacheDir === undefined) stack.defer(async () => await rm(storeDir, { recursive: true, force: true }))
  const ref = options.ref === undefined ? {} : { ref: options.ref }
  const { openSource } = await import('../source/open-source.ts')
  const source = stack.adopt(await openSource({ url: repo, storeDir, path, ...ref }), async (value) => await value.close())
  const { commit } = await source.fetch()
  const overlay = await renderedOverlay({ tree: await source.files(commit), root: path, cache: openRenderings(options, stack) })
  return { revision: commit, ...(overlay ?? { ...(await source.list(commit)), read: (ids) => source.read(ids) }) }
}

function openRenderings({ cacheDir }: OfflinePlanOptions, stack: AsyncDisposableStack): BlobCache {
  return cacheDir === undefined ? createMemoryBlobCache() : stack.adopt(openRenderCache(cacheDir), (value) => value.close())
}
