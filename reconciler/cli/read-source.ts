import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobCache } from '../desired/cache.ts'
import { renderOverlay } from '../render/render.ts'
import type { PlacedListing } from '../placed-listing.ts'
import { readGitDir } from '../source/local-repository.ts'
import { findCommit, resolveTree } from '../source/local-tree.ts'
import { parseRemote, parseSubPath, type SourceAuth } from '../source/options.ts'

export type SourceToRead = {
  /** Local folder or address of the repository. */
  readonly repo: string
  /** Default: HEAD of the one or the other. */
  readonly ref?: string | undefined
  readonly path?: string | undefined
  readonly auth?: SourceAuth | undefined
  /** What is fetched is kept here; undefined: nowhere. */
  readonly storeDir: string | undefined
  readonly renderings: BlobCache
}

/** What a source declares at one revision. */
export type ReadSource = PlacedListing & { readonly revision: string }

/**
 * Reads one revision of a source once; what it opens is closed with the stack.
 * @throws GitvirtError what reading or fetching the repository throws
 */
export async function readSource(source: SourceToRead, stack: AsyncDisposableStack): Promise<ReadSource> {
  const { repo, ref = 'HEAD', renderings } = source
  const path = parseSubPath(source.path ?? '')
  if (parseRemote(repo).transport !== 'local') return await fetchSource({ ...source, path }, stack)
  // What lies on this machine needs no copy.
  const folder = parseRemote(repo).url
  const { commit: revision, gitDir } = await findCommit(folder, ref)
  const repository = stack.adopt(readGitDir(gitDir), async (value) => await value.close())
  const { whole, folder: tree = await resolveTree(folder, revision, path) } = await repository.trees(revision, path)
  const listed = repository.list(tree, path)
  // Awaited below; until then a failure must not count as unhandled.
  listed.catch(() => undefined)
  const overlay = await renderOverlay({ tree: repository.files(whole), root: path, cache: renderings })
  return { revision, ...(overlay ?? { ...(await listed), read: (ids) => repository.read(ids) }) }
}

async function fetchSource(options: SourceToRead & { readonly path: string }, stack: AsyncDisposableStack): Promise<ReadSource> {
  const { repo, path, ref, auth, renderings } = options
  const storeDir = options.storeDir ?? (await mkdtemp(join(tmpdir(), 'gitvirt-plan-')))
  if (options.storeDir === undefined) stack.defer(async () => await rm(storeDir, { recursive: true, force: true }))
  const more = { ...(ref === undefined ? {} : { ref }), ...(auth === undefined ? {} : { auth }) }
  const { openSource } = await import('../source/open-source.ts')
  const source = stack.adopt(await openSource({ url: repo, storeDir, path, ...more }), async (value) => await value.close())
  const { commit } = await source.fetch()
  const overlay = await renderOverlay({ tree: await source.files(commit), root: path, cache: renderings })
  return { revision: commit, ...(overlay ?? { ...(await source.list(commit)), read: (ids) => source.read(ids) }) }
}
