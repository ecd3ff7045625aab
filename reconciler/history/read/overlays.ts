import { posix } from 'node:path'
import type { BlobCache } from '../../desired/cache.ts'
import type { FileContent } from '../../desired/engine/file-state.ts'
import { loadBlobs } from '../../desired/engine/load-blobs.ts'
import type { JudgedBlob } from '../../desired/judge/types.ts'
import { defaultLimits } from '../../desired/parse/limits.ts'
import { fleetFile } from '../../desired/fleet-file.ts'
import type { RefusedFile } from '../../desired/types.ts'
import { kustomizationNames } from '../../render/names.ts'
import type { Overlay } from '../../render/types.ts'
import { isManifestName } from '../../source/entry-rules.ts'
import { createFileTree } from '../../source/file-tree.ts'
import { openReader, type StoreReader } from '../../source/object-reader.ts'
import { defaultCaps } from '../../source/options.ts'
import { missingObject, TreeReader } from '../../source/trees.ts'
import type { FileTree } from '../../source/types.ts'
import type { HistoryCommit, PathEdit } from '../meaning/commit.ts'
import { readContents, type BlobQuery } from './blobs.ts'
import { readCommits } from './commits.ts'
import { eachPart } from './git-stream.ts'
import { renderPast } from './render-past.ts'
import { manifestsAt } from './tree-diff.ts'

export type OverlayQuery = Omit<BlobQuery, 'commits'> & {
  /** Id of the newest commit. */
  readonly tip: string
  /** The environment's folder; empty for the root. */
  readonly path: string
  readonly firstParent?: boolean
  /** What was rendered before. */
  readonly renderings: BlobCache
}

/** Commits with what each changes in the objects of the environment, rendered where it is an overlay. */
export type RenderedTexts = {
  readonly commits: readonly HistoryCommit[]
  readonly content: (id: string) => FileContent | undefined
  /** What was rendered for a path at the newest commit. */
  readonly text: (path: string) => Uint8Array | undefined
}

/** True where the environment is an overlay at the newest commit, or an edit tells that it was one before. */
export async function holdsOverlay(
  { gitDir, tip, path }: Pick<OverlayQuery, 'gitDir' | 'tip' | 'path'>,
  commits: readonly HistoryCommit[],
): Promise<boolean> {
  const names: ReadonlySet<string> = new Set(kustomizationNames.map((name) => posix.join(path, name)))
  if (commits.some(({ edits }) => edits.some((edit) => names.has(edit.path)))) return true
  let found = false
  await eachPart({ gitDir, args: ['ls-tree', '-z', '--name-only', tip, '--', ...names] }, () => void (found = true))
  return found
}

/**
 * Renders the environment at each commit that touches a file of its overlay, wherever in the repository that file is. A commit that
 * touches none renders nothing.
 */
export async function readOverlays(query: OverlayQuery): Promise<RenderedTexts> {
  const { gitDir, tip, firstParent } = query
  const all = await readCommits({ gitDir, tip, path: '', firstParent: firstParent === true, allFiles: true })
  const reader = openReader(gitDir)
  try {
    return await new OverlayWalk(query, reader).read(all)
  } finally {
    await reader.close()
  }
}

/** What the environment is at one commit; undefined for files that are read as they are. */
type State =
  { readonly entries: ReadonlyMap<string, string>; readonly refused: readonly RefusedFile[]; readonly overlay: Overlay } | undefined

class OverlayWalk {
  readonly #query: OverlayQuery
  readonly #reader: StoreReader
  readonly #trees: TreeReader
  readonly #states = new Map<string, State>()
  readonly #judged = new Map<string, JudgedBlob>()

  constructor(query: OverlayQuery, reader: StoreReader) {
    this.#query = query
    this.#reader = reader
    this.#trees = new TreeReader(reader)
  }

  async read(all: readonly HistoryCommit[]): Promise<RenderedTexts> {
    const commits: HistoryCommit[] = []
    for (const commit of all) commits.push({ ...commit, edits: await this.#edits(commit) })
    const plain = await readContents({ ...this.#query, commits: commits.map((commit) => this.#plainPart(commit)) })
    const content = (id: string): FileContent | undefined => {
      const blob = this.#judged.get(id)
      return blob === undefined ? plain(id) : { id, blob }
    }
    return { commits, content, text: await this.#texts(this.#states.get(this.#query.tip)) }
  }

  /** What a commit changes against its first parent. */
  async #edits(commit: HistoryCommit): Promise<readonly PathEdit[]> {
    const [parent] = commit.parents
    const before = parent === undefined ? undefined : this.#states.get(parent)
    const after = this.#touches(commit, before) ? await this.#render(commit.id) : before
    this.#states.set(commit.id, after)
    if (before === after) return after === undefined ? this.#ownEdits(commit) : []
    if (before !== undefined && after !== undefined) return differences(before, after)
    // The environment became an overlay, or is one no longer: all of its files go, or come.
    const files = await this.#files(before === undefined ? parent : commit.id)
    return before === undefined ? differences(files, after ?? nothing) : differences(before, files)
  }

  /** False where the environment is what it was at the parent. */
  #touches({ edits }: HistoryCommit, before: State): boolean {
    const { path } = this.#query
    if (before === undefined) return edits.some((edit) => isKustomization(edit.path) && posix.dirname(edit.path) === (path || '.'))
    if (before.refused.length > 0) return edits.length > 0
    return edits.some(
      (edit) => before.overlay.files.has(edit.path) || isKustomization(edit.path) || edit.path === posix.join(path, fleetFile),
    )
  }

  async #render(commit: string): Promise<State> {
    const { path, renderings, cache } = this.#query
    const overlay = await renderPast({ tree: await this.#tree(commit), root: path, cache: renderings })
    if (overlay === undefined) return undefined
    const rendered = overlay.entries.filter(({ id }) => overlay.rendered.has(id) && !this.#judged.has(id)).map(({ id }) => id)
    const blobs = await loadBlobs(rendered, { cache, limits: defaultLimits, read: overlay.read })
    for (const [id, blob] of blobs) this.#judged.set(id, blob)
    return { entries: new Map(overlay.entries.map((entry) => [entry.path, entry.id])), refused: overlay.refused, overlay }
  }

  async #tree(commit: string): Promise<FileTree> {
    const id = await this.#reader.id(`${commit}^{tree}`)
    if (id === undefined) throw missingObject('tree', commit)
    const reader = this.#reader
    const read = async function* (ids: readonly string[]): ReturnType<FileTree['read']> {
      for (const one of ids) {
        const object = await reader.object(one, defaultCaps.blobBytes)
        if (object?.type !== 'blob') throw missingObject('blob', one)
        yield { id: one, bytes: object.bytes }
      }
    }
    return createFileTree({ engine: this.#reader, trees: this.#trees, caps: defaultCaps }, id, read)
  }

  /** The environment's files at a commit, as they are. */
  async #files(commit: string | undefined): Promise<Sides> {
    const { gitDir, path } = this.#query
    if (commit === undefined) return nothing
    const edits = await manifestsAt(gitDir, { commit, path })
    return {
      entries: new Map(edits.flatMap(({ path: file, after }) => (after === undefined ? [] : [[file, after] as const]))),
      refused: edits.flatMap(({ path: file, refused }) => (refused === undefined ? [] : [{ path: file, ...refused }])),
    }
  }

  #ownEdits({ edits }: HistoryCommit): PathEdit[] {
    const { path } = this.#query
    return edits.filter((edit) => (path === '' || edit.path.startsWith(`${path}/`) || edit.path === path) && isManifest(edit))
  }

  #plainPart(commit: HistoryCommit): HistoryCommit {
    const own = (id: string | undefined): boolean => id !== undefined && !this.#judged.has(id)
    const edits = commit.edits.filter(({ after }) => own(after))
    return { ...commit, edits: edits.map(({ before, ...edit }) => (before !== undefined && own(before) ? { ...edit, before } : edit)) }
  }

  async #texts(state: State): Promise<(path: string) => Uint8Array | undefined> {
    const texts = new Map<string, Uint8Array>()
    const ids = new Map(state?.overlay.entries.map(({ id, path }) => [id, path]))
    for await (const { id, bytes } of state?.overlay.read([...ids.keys()]) ?? [])
      if (bytes !== undefined) texts.set(ids.get(id) ?? '', bytes)
    return (path) => texts.get(path)
  }
}

type Sides = { readonly entries: ReadonlyMap<string, string>; readonly refused: readonly RefusedFile[] }

const nothing: Sides = { entries: new Map(), refused: [] }

/** What makes one state of all paths the other. */
function differences(before: Sides, after: Sides): PathEdit[] {
  const edits: PathEdit[] = []
  const refused = new Set(after.refused.map(({ path }) => path))
  for (const path of new Set([...before.entries.keys(), ...before.refused.map((one) => one.path), ...after.entries.keys()])) {
    const [from, to] = [before.entries.get(path), after.entries.get(path)]
    if ((from === to && from !== undefined) || refused.has(path)) continue
    edits.push({ path, ...(from === undefined ? {} : { before: from }), ...(to === undefined ? {} : { after: to }) })
  }
  return [...edits, ...after.refused.map(({ path, ...why }) => ({ path, refused: why }))]
}

function isKustomization(path: string): boolean {
  return (kustomizationNames as readonly string[]).includes(posix.basename(path))
}

function isManifest({ path, refused }: PathEdit): boolean {
  return refused !== undefined || isManifestName(posix.basename(path))
}
