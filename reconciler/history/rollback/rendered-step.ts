import { createMemoryBlobCache, type BlobCache } from '../../desired/cache.ts'
import { loadBlobs } from '../../desired/engine/load-blobs.ts'
import type { JudgedBlob } from '../../desired/judge/types.ts'
import { defaultLimits } from '../../desired/parse/limits.ts'
import type { ReadBlobs, RefusedFile, TreeEntry } from '../../desired/types.ts'
import { findKustomization } from '../../render/find-kustomization.ts'
import { openLocalRepository, type LocalRepository } from '../../source/local-repository.ts'
import type { HistoryCommit, PathEdit } from '../meaning/commit.ts'
import type { WalkInput } from '../meaning/walk.ts'
import { renderPast } from '../read/render-past.ts'

/** A step from one tree of a repository to another, in the folder of an environment. */
export type TreeStep = { readonly from: string; readonly to: string; readonly path: string }

/**
 * A step between trees of which one at least makes the environment an overlay, as two commits of what is rendered, wherever in the
 * repository the files of it are; undefined where neither does, so that the folder's own files tell.
 * @throws what reading the repository throws
 */
export async function renderedStep(
  gitDir: string,
  { from, to, path }: TreeStep,
): Promise<Pick<WalkInput, 'commits' | 'content'> | undefined> {
  const repository = await openLocalRepository(gitDir)
  try {
    const found = [from, to].map(async (tree) => await findKustomization(repository.files(tree), path))
    if ((await Promise.all(found)).every((one) => one === undefined)) return undefined
    const cache = createMemoryBlobCache()
    const before = await declaredAt(repository, { tree: from, path, cache })
    const after = await declaredAt(repository, { tree: to, path, cache })
    const commits: HistoryCommit[] = [
      { id: from, parents: [], committedAt: 0, edits: editsTo(nothing, before) },
      { id: to, parents: [from], committedAt: 1, edits: editsTo(before, after) },
    ]
    return { commits, content: await contentsOf([before, after]) }
  } finally {
    await repository.close()
  }
}

/** What an environment is made of at one tree. */
type Declared = { readonly entries: readonly TreeEntry[]; readonly refused: readonly RefusedFile[]; readonly read: ReadBlobs }

const nothing: Pick<Declared, 'entries' | 'refused'> = { entries: [], refused: [] }

type At = { readonly tree: string; readonly path: string; readonly cache: BlobCache }

async function declaredAt(repository: LocalRepository, { tree, path, cache }: At): Promise<Declared> {
  const files = repository.files(tree)
  const overlay = await renderPast({ tree: files, root: path, cache })
  if (overlay !== undefined) return overlay
  const folder = await files.at(path)
  const listing = folder?.kind === 'folder' ? await repository.list(folder.id, path) : nothing
  return { ...listing, read: (ids) => repository.read(ids) }
}

async function contentsOf(sides: readonly Declared[]): Promise<WalkInput['content']> {
  const judged = new Map<string, JudgedBlob>()
  for (const { entries, read } of sides) {
    const ids = entries.map(({ id }) => id).filter((id) => !judged.has(id))
    for (const [id, blob] of await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read })) judged.set(id, blob)
  }
  return (id) => {
    const blob = judged.get(id)
    return blob === undefined ? undefined : { id, blob }
  }
}

/** What makes the files of one tree those of the other. */
function editsTo(before: typeof nothing, after: typeof nothing): PathEdit[] {
  const from = new Map(before.entries.map(({ path, id }) => [path, id]))
  const to = new Map(after.entries.map(({ path, id }) => [path, id]))
  const refused = new Set(after.refused.map(({ path }) => path))
  const paths = new Set([...from.keys(), ...before.refused.map(({ path }) => path), ...to.keys()]).difference(refused)
  const edits = [...paths].flatMap((path): PathEdit[] => {
    const [was, is] = [from.get(path), to.get(path)]
    if (was === is && was !== undefined) return []
    return [{ path, ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) }]
  })
  return [...edits, ...after.refused.map(({ path, ...why }) => ({ path, refused: why }))]
}
