import type { Person, Receipt, Signer } from '../../schemas/generated/receipt.ts'
import type { BlobCache } from '../desired/cache.ts'
import type { FileContent } from '../desired/engine/file-state.ts'
import { fleetFile } from '../desired/state.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { parseSubPath } from '../source/options.ts'
import { receiptsOf, type ReceiptNote } from './audit/notes.ts'
import { signerOf } from './audit/landings.ts'
import type { HistoryCommit } from './meaning/commit.ts'
import { arrivals, createContains } from './meaning/mainline.ts'
import { pullRequestOf } from './meaning/pull-request.ts'
import { walk, type WalkEnd } from './meaning/walk.ts'
import { readBlob, readContents, readPath, type BlobQuery } from './read/blobs.ts'
import { readCommits } from './read/commits.ts'
import { readDetails, type CommitDetails } from './read/details.ts'
import { readGraph } from './read/graph.ts'
import { readNotes } from './read/notes.ts'
import { openRepository, resolveCommit, type LocalRepository } from './read/repository.ts'

export type HistoryOptions = {
  /** A clone on this machine. */
  readonly repo: string
  /** Branch, tag or commit; default: HEAD. */
  readonly ref?: string
  /** The environment's folder; default: the root. */
  readonly path?: string
  readonly firstParent?: boolean
  readonly cache?: BlobCache
  /** What the environment's objects come from, commit by commit; default: its files as they are. */
  readonly readObjects?: ReadObjects
}

/** Commits with the texts that each changes, and what a text says by its id. */
export type ObjectTexts = { readonly commits: readonly HistoryCommit[]; readonly content: (id: string) => FileContent | undefined }

/**
 * The one place where history learns which objects a tree declares. Another one than the files' may put a rendered overlay in the place of
 * the files that it is made of: one path, with an id that changes whenever the rendered text does.
 */
export type ReadObjects = (query: BlobQuery) => Promise<ObjectTexts>

async function readFiles(query: BlobQuery): Promise<ObjectTexts> {
  return { commits: query.commits, content: await readContents(query) }
}

/** Source of the name: kustomize, "kustomization.yaml". */
const overlay = /(?:^|\/)kustomization\.ya?ml$/

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
  readonly #commits: readonly HistoryCommit[]
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

  /** True where overlays are, or were, among the files, and nothing renders them: what they change is not seen. */
  get hasUnrenderedOverlays(): boolean {
    if (this.#options.readObjects !== undefined) return false
    return this.#commits.some(({ edits }) => edits.some(({ path }) => overlay.test(path)))
  }

  /** Follows one object, or all of them. */
  async walk(wanted?: ObjectKey): Promise<WalkEnd> {
    const { cache } = this.#options
    const follow = wanted === undefined ? {} : { wanted }
    const kept = cache === undefined ? {} : { cache }
    const readObjects = this.#options.readObjects ?? readFiles
    const texts = await readObjects({ gitDir: this.repository.gitDir, commits: this.#commits, ...follow, ...kept })
    return walk({ ...texts, fleetPath: this.#path === '' ? fleetFile : `${this.#path}/${fleetFile}`, ...follow })
  }

  /** When a commit of the walk was committed: seconds since 1970. */
  committedAt(commit: string): number {
    this.#times ??= new Map(this.#commits.map(({ id, committedAt }) => [id, committedAt]))
    return this.#times.get(commit) ?? 0
  }

  /** The bytes of a file at the newest commit. */
  async file(path: string): Promise<Buffer | undefined> {
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
