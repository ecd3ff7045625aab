import type { Person, Receipt, Signer } from '../../schemas/generated/receipt.ts'
import { createMemoryBlobCache, type BlobCache } from '../desired/cache.ts'
import { fleetFile } from '../desired/fleet-file.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { parseSubPath } from '../source/options.ts'
import { receiptsOf, type ReceiptNote } from './audit/notes.ts'
import { signerOf } from './audit/landings.ts'
import type { HistoryCommit } from './meaning/commit.ts'
import { arrivals, createContains } from './meaning/mainline.ts'
import { pullRequestOf } from './meaning/pull-request.ts'
import { walk, type WalkEnd, type WalkInput } from './meaning/walk.ts'
import { mentionedIn, readBlob, readContents, readPath, type BlobQuery } from './read/blobs.ts'
import { readCommits } from './read/commits.ts'
import { readDetails, type CommitDetails } from './read/details.ts'
import { readGraph } from './read/graph.ts'
import { readNotes } from './read/notes.ts'
import { holdsOverlay, readOverlays, type RenderedTexts } from './read/overlays.ts'
import { openRepository, resolveCommit, type LocalRepository } from './read/repository.ts'
import { manifestsAt } from './read/tree-diff.ts'

export type HistoryOptions = {
  /** A clone on this machine. */
  readonly repo: string
  /** Branch, tag or commit; default: HEAD. */
  readonly ref?: string
  /** The environment's folder; default: the root. */
  readonly path?: string
  readonly firstParent?: boolean
  readonly cache?: BlobCache
  /** What overlays were rendered to; default: kept in memory. */
  readonly renderings?: BlobCache
}

/** Commits with the texts that each changes, and what a text says by its id. */
type ObjectTexts = Pick<RenderedTexts, 'commits' | 'content'> & Partial<RenderedTexts>

/** A commit as people are told of it. */
export type CommitStory = Omit<CommitDetails, 'message'> & {
  readonly subject: string
  readonly pullRequest?: string
  /** The merge that brought it to the main line. */
  readonly mergeCommit?: string
  readonly mergedBy?: Person
  /** Where its receipts tell that its signature was checked and held. */
  readonly signer?: Signer
}

/** The history of one environment, read from a local repository. */
export class History {
  readonly tip: string
  readonly repository: LocalRepository
  readonly #notes: ReadonlyMap<string, ReceiptNote>
  readonly #options: HistoryOptions
  readonly #path: string
  #commits: readonly HistoryCommit[]
  /** Of an overlay: the rendered text of a path at the newest commit. */
  #text: RenderedTexts['text'] | undefined
  #times: ReadonlyMap<string, number> | undefined
  #contains: ((newer: string, older: string) => boolean) | undefined

  constructor(
    parts: Pick<History, 'tip' | 'repository'> & {
      options: HistoryOptions
      path: string
      commits: readonly HistoryCommit[]
      notes: ReadonlyMap<string, ReceiptNote>
    },
  ) {
    this.tip = parts.tip
    this.repository = parts.repository
    this.#notes = parts.notes
    this.#options = parts.options
    this.#path = parts.path
    this.#commits = parts.commits
  }

  /** Follows one object, or all of them. */
  async walk(wanted?: ObjectKey): Promise<WalkEnd> {
    const { cache } = this.#options
    const follow = wanted === undefined ? {} : { wanted }
    const kept = cache === undefined ? {} : { cache }
    const texts = await this.#readObjects({ gitDir: this.repository.gitDir, commits: this.#commits, ...follow, ...kept })
    // An overlay has files, and so commits, outside of its folder.
    this.#commits = texts.commits
    this.#text = texts.text
    return walk({ ...texts, fleetPath: this.#fleetPath, ...follow })
  }

  /**
   * Follows all objects from a border on, which stands at the walk's beginning for all that is behind it (meaning/borders.ts). Undefined
   * where that cannot be: there is an overlay, or not all that is declared at the border can be read.
   */
  async walkFrom(border: number): Promise<WalkEnd | undefined> {
    const at = this.#commits[border]
    if (at === undefined) return undefined
    const { gitDir } = this.repository
    const start = { ...at, parents: [], edits: await manifestsAt(gitDir, { commit: at.id, path: this.#path }) }
    const commits = [start, ...this.#commits.slice(border + 1)]
    if (await holdsOverlay({ gitDir, tip: this.tip, path: this.#path }, commits)) return undefined
    const { cache } = this.#options
    const content = await readContents({ gitDir, commits, ...(cache === undefined ? {} : { cache }) })
    const follow = { content, fleetPath: this.#fleetPath }
    return isWhole(start, follow) ? walk({ ...follow, commits }) : undefined
  }

  /** Which of these objects a manifest of any commit may have declared, up to this place in the walk. */
  async mentionedUntil(border: number, keys: readonly ObjectKey[]): Promise<Set<ObjectKey>> {
    return await mentionedIn({ gitDir: this.repository.gitDir, commits: this.#commits.slice(0, border + 1) }, keys)
  }

  /** The commits of the walk, parents before children. */
  get commits(): readonly HistoryCommit[] {
    return this.#commits
  }

  get #fleetPath(): string {
    return this.#path === '' ? fleetFile : `${this.#path}/${fleetFile}`
  }

  /** The one place where history learns which objects a tree declares. */
  async #readObjects(query: BlobQuery): Promise<ObjectTexts> {
    const place = { gitDir: query.gitDir, tip: this.tip, path: this.#path }
    if (!(await holdsOverlay(place, query.commits))) return { commits: query.commits, content: await readContents(query) }
    const { firstParent = false, renderings = createMemoryBlobCache() } = this.#options
    return await readOverlays({ ...query, ...place, firstParent, renderings })
  }

  /** When a commit of the walk was committed: seconds since 1970. */
  committedAt(commit: string): number {
    this.#times ??= new Map(this.#commits.map(({ id, committedAt }) => [id, committedAt]))
    return this.#times.get(commit) ?? 0
  }

  /** The bytes of a file at the newest commit, or what was rendered of it. */
  async file(path: string): Promise<Uint8Array | undefined> {
    const rendered = this.#text?.(path)
    if (rendered !== undefined) return rendered
    const id = await readPath(this.repository.gitDir, this.tip, path)
    return id === undefined ? undefined : await readBlob(this.repository.gitDir, id)
  }

  /** Who made these commits, when, and by which pull request. */
  async stories(ids: Iterable<string>): Promise<Map<string, CommitStory>> {
    const arrived = arrivals(this.#commits)
    const wanted = [...new Set(ids)]
    const details = await readDetails(this.repository.gitDir, [...wanted, ...wanted.flatMap((id) => arrived.get(id) ?? [])])
    return new Map(
      wanted.flatMap((id): [string, CommitStory][] => {
        const own = details.get(id)
        return own === undefined ? [] : [[id, this.#story(own, details.get(arrived.get(id) ?? id) ?? own)]]
      }),
    )
  }

  #story({ message, ...own }: CommitDetails, arrival: CommitDetails): CommitStory {
    const pullRequest = pullRequestOf(arrival.message) ?? pullRequestOf(message)
    const note = this.#notes.get(own.id)
    const signer = note === undefined ? undefined : signerOf(own.id, receiptsOf([note]))
    return {
      ...own,
      subject: message.split('\n', 1)[0] ?? '',
      ...(pullRequest === undefined ? {} : { pullRequest }),
      ...(arrival.id === own.id ? {} : { mergeCommit: arrival.id, mergedBy: arrival.author }),
      ...(signer === undefined ? {} : { signer }),
    }
  }

  /** True where there are receipts at all. */
  get hasReceipts(): boolean {
    return this.#notes.size > 0
  }

  /** What is written of an object's landings, or of all, in the order of the chains. */
  receipts(object?: ObjectKey): Receipt[] {
    return receiptsOf(this.#notes.values(), object)
  }

  /** A function that tells whether one commit holds another; made when first asked for. */
  async contains(): Promise<(newer: string, older: string) => boolean> {
    if (this.#contains !== undefined) return this.#contains
    const known = new Set(this.#commits.map(({ id }) => id))
    const foreign = [...this.#notes.keys()].filter((id) => !known.has(id))
    // Revisions that did not touch the folder are not in the walk, which leaves them out of its graph.
    const graph = foreign.length === 0 ? this.#commits : await readGraph(this.repository, [this.tip, ...foreign])
    this.#contains = createContains(graph)
    return this.#contains
  }

  async close(): Promise<void> {
    await this.repository.close()
  }
}

/** True where every file and object of the border can be read, so that nothing which was before has a say in what they mean. */
function isWhole(border: HistoryCommit, follow: Pick<WalkInput, 'content' | 'fleetPath'>): boolean {
  const readable = border.edits.every(({ after }) => after !== undefined && follow.content(after)?.blob?.broken === false)
  const { versions } = walk({ ...follow, commits: [border] })
  return readable && [...versions.values()].every(({ state }) => state.status === 'known')
}

/** @throws GitvirtError `RepositoryNotFound`, `RefNotFound`, `InvalidPath`, `HistoryUnreadable`, `HistoryTooLarge` */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const path = parseSubPath(options.path ?? '')
  const repository = await openRepository(options.repo)
  try {
    const tip = await resolveCommit(repository, options.ref ?? 'HEAD')
    const firstParent = options.firstParent === true
    const commits = await readCommits({ gitDir: repository.gitDir, tip, path, firstParent })
    const notes = new Map((await readNotes(repository)).map((note) => [note.commit, note]))
    return new History({ tip, repository, options, path, commits, notes })
  } catch (error) {
    await repository.close()
    throw error
  }
}
