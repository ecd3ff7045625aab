import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { GitvirtError } from '../lib/errors.ts'
import { diffFolders, type ChangeSet } from './changes.ts'
import type { Commit } from './commit.ts'
import type { Engine, ObjectReader, RefUpdate } from './engine.ts'
import { createGitEngine, type EngineOptions } from './git-engine.ts'
import { hasGit, prepareStore } from './git-program.ts'
import { createFileTree } from './file-tree.ts'
import { listFolder, type WalkContext } from './listing.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { defaultCaps, parseRemote, parseSubPath, type Remote, type SourceOptions } from './options.ts'
import { readBlobs, type BlobContent } from './read-blobs.ts'
import { maxCommitBytes, readCommit } from './read-commit.ts'
import { parseRef } from './ref-name.ts'
import { parseRequest } from './request-ref.ts'
import { clearRequestStore } from './request-store.ts'
import { lockStore } from './store-lock.ts'
import { missingObject, TreeReader } from './trees.ts'
import type { FileTree, Listing, MergeRequest, MergeResult, NewBranch, Revision, Source } from './types.ts'

/** Most commits that are looked at one by one between two revisions. */
const mostCommits = 10_000

/**
 * Opens a repository without a work tree. Nothing is fetched yet.
 *
 * The last head is kept as `refs/gitvirt/<key>/head` and the one before it as `…/before`; a head that a rewrite replaced stays
 * reachable under `…/replaced/`. `<key>` stands for the address and the reference, so that tracking another branch is no rewrite.
 * @throws GitvirtError `InvalidUrl`, `InvalidRef`, `InvalidPath`, `StoreBusy`, `CommandNotFound`, `GitNeeded`
 */
export async function openSource(options: SourceOptions): Promise<Source> {
  const remote = parseRemote(options.url)
  const path = parseSubPath(options.path ?? '')
  const target = parseRef(options.ref)
  const caps = { ...defaultCaps, ...options.caps }
  await mkdir(options.storeDir, { recursive: true, mode: 0o700 })
  const unlock = await lockStore(options.storeDir)
  try {
    await clearRequestStore(options.storeDir)
    const engineOptions = {
      remote,
      target,
      storeDir: options.storeDir,
      auth: options.auth,
      caps,
      wholeHistory: options.wholeHistory ?? false,
    }
    const useGit = await chooseGit(options, remote)
    if (!useGit && options.gitNeededFor !== undefined && options.gitNeededFor.length > 0) throw gitNeeded(options.gitNeededFor)
    if (useGit) await prepareStore(options.storeDir, remote)
    const engine = useGit ? createGitEngine(engineOptions) : await openIsomorphic(engineOptions)
    const key = createHash('sha256')
      .update(`${remote.url}\0${options.ref ?? 'HEAD'}`)
      .digest('hex')
      .slice(0, 16)
    return new GitSource({ engine, unlock, path, ref: options.ref ?? 'HEAD', refs: `refs/gitvirt/${key}`, caps, remote })
  } catch (error) {
    unlock()
    throw error
  }
}

/** Its HTTP client takes long to load, and where git is installed nothing needs it. */
async function openIsomorphic(options: EngineOptions): Promise<Engine> {
  const { createIsomorphicEngine } = await import('./isomorphic-engine.ts')
  return await createIsomorphicEngine(options)
}

async function chooseGit(options: SourceOptions, remote: Remote): Promise<boolean> {
  const engine = options.engine ?? 'auto'
  if (engine === 'isomorphic' && remote.transport === 'http') return false
  if (await hasGit()) return true
  if (engine === 'auto' && remote.transport === 'http') return false
  throw new GitvirtError({
    code: 'CommandNotFound',
    message: `The program "git" is not installed; ${remote.url} cannot be read without it.`,
    action: 'Install "git" on this host, or use an http:// or https:// address.',
  })
}

/** Told at the start: what would be missing later is no more than a line in the log. */
function gitNeeded(flags: readonly string[]): GitvirtError {
  return new GitvirtError({
    code: 'GitNeeded',
    message: `${flags.join(' and ')} cannot be done without the program "git", which is not used here.`,
    action: `Install git 2.38 or newer where the reconciler runs, or leave ${flags.join(' and ')} out.`,
    terminal: true,
  })
}

type Parts = {
  readonly engine: Engine
  readonly unlock: () => void
  readonly path: string
  readonly ref: string
  readonly refs: string
  readonly caps: WalkContext['caps']
  readonly remote: Remote
}

class GitSource implements Source {
  readonly #parts: Parts
  readonly #context: WalkContext
  /** Two fetches at once would contend for the store's list of shallow commits. */
  readonly #alone = oneAtATime()
  /** Merges share a store of their own, so that a slow request keeps no fetch waiting. */
  readonly #merging = oneAtATime()
  readonly #end = new AbortController()
  #ancestry: { readonly pair: string; readonly rewritten: boolean } | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#context = { engine: parts.engine, caps: parts.caps, trees: new TreeReader(parts.engine) }
  }

  async fetch(signal?: AbortSignal): Promise<Revision> {
    return await this.#alone(async () => await this.#fetch(signal))
  }

  async merge<T>({ ref, into, signal }: MergeRequest, use: (merged: MergeResult) => Promise<T>): Promise<T> {
    const target = parseRequest(ref)
    const ended = this.#end.signal
    const call = { into, target, signal: signal === undefined ? ended : AbortSignal.any([signal, ended]) }
    return await this.#merging(async () => {
      if (call.signal.aborted) throw abandoned(ref)
      return await this.#parts.engine.merge(call, async ({ head, base, tree, conflicts, ...engine }) => {
        const context = { engine, caps: this.#parts.caps, trees: new TreeReader(engine) }
        const { author, subject } = await readCommit(engine, head)
        const list = async (): Promise<Listing> => await this.#listTree(context, tree)
        const commits = async (): Promise<RawCommit[]> => await readCommits(engine, await engine.brought(mostCommits + 1), head)
        const changes: Source['changes'] = async (from, to) => await this.#changes(context, from, to)
        const sameTree: Source['sameTree'] = async (one, other) => await hasSameTree(engine, one, other)
        const read: Source['read'] = (ids) => readBlobs(engine, ids, { maxBytes: context.caps.blobBytes })
        const files = createFileTree(context, tree, read)
        return await use({ ref, into, head, base, author, subject, conflicts, list, files, commits, changes, sameTree, read })
      })
    })
  }

  async #fetch(signal: AbortSignal | undefined): Promise<Revision> {
    const { engine, refs } = this.#parts
    const last = await engine.readRef(`${refs}/head`)
    const head = await engine.fetch(last, signal)
    if (head !== last) await this.#advance(last, head)
    const before = await engine.readRef(`${refs}/before`)
    const rewritten = before !== undefined && (await this.#isRewrite(before, head))
    const { tree, author, committedAt, subject } = await this.#commit(head)
    const revision = { commit: head, tree, ref: this.#parts.ref, author, committedAt, subject, rewritten }
    const tag = await engine.tag(maxCommitBytes)
    return tag === undefined
      ? revision
      : { ...revision, tag: { id: tag.id, name: this.#parts.ref.replace(/^refs\/tags\//, ''), bytes: tag.bytes } }
  }

  async list(commit: string): Promise<Listing> {
    return await listFolder(this.#context, { id: await this.#folder(commit), path: this.#parts.path })
  }

  async files(commit: string): Promise<FileTree> {
    return createFileTree(this.#context, (await this.#commit(commit)).tree, (ids) => this.read(ids))
  }

  async note(notes: ReadonlyMap<string, readonly string[]>, signal?: AbortSignal): Promise<void> {
    await this.#alone(async () => await this.#parts.engine.note(notes, signal))
  }

  async branch(branch: NewBranch, signal?: AbortSignal): Promise<string> {
    return await this.#alone(async () => await this.#parts.engine.branch(branch, signal))
  }

  async between(after: string, head: string): Promise<readonly string[]> {
    return await this.#parts.engine.between(after, head, mostCommits)
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return ancestor === descendant || (await this.#parts.engine.isAncestor(ancestor, descendant))
  }

  async commits(after: string | undefined, head: string): Promise<readonly { id: string; bytes: Uint8Array }[]> {
    const { engine } = this.#parts
    const ids = after === undefined || after === head ? [head] : await engine.between(after, head, mostCommits + 1)
    // A branch that went back has nothing that the other lacks.
    return await readCommits(engine, ids.length === 0 ? [head] : ids, head)
  }

  async changes(from: string, to: string): Promise<ChangeSet> {
    if (from === to) return { changes: [], refused: [] }
    // That the folder is gone is an error here: nothing may be deleted for a path that is wrong.
    await this.#folder(to)
    return await this.#changes(this.#context, from, to)
  }

  async sameTree(one: string, other: string): Promise<boolean> {
    return await hasSameTree(this.#parts.engine, one, other)
  }

  read(ids: readonly string[]): AsyncIterable<BlobContent> {
    return readBlobs(this.#parts.engine, ids, { maxBytes: this.#parts.caps.blobBytes })
  }

  async close(): Promise<void> {
    // Not waited for by aborting alone: the store of a merge goes only when the merge has ended.
    this.#end.abort()
    await this.#merging(async () => undefined)
    await this.#parts.engine.close()
    this.#parts.unlock()
  }

  /** Head last, so that a crash between the steps only repeats them. */
  async #advance(last: string | undefined, head: string): Promise<void> {
    const { engine, refs } = this.#parts
    const updates: RefUpdate[] = [{ name: `${refs}/head`, id: head }]
    if (last !== undefined) {
      updates.unshift({ name: `${refs}/before`, id: last })
      if (await this.#isRewrite(last, head)) updates.unshift({ name: `${refs}/replaced/${last}`, id: last })
    }
    await engine.writeRefs(updates)
    await engine.tidy()
  }

  async #isRewrite(before: string, head: string): Promise<boolean> {
    const pair = `${before} ${head}`
    if (this.#ancestry?.pair !== pair) {
      this.#ancestry = { pair, rewritten: before !== head && !(await this.#descends(head, before)) }
    }
    return this.#ancestry.rewritten
  }

  /** Most pushes are one commit or one merge, which names its parents: that needs no walk through the history. */
  async #descends(head: string, before: string): Promise<boolean> {
    const { parents } = await this.#commit(head)
    return parents.includes(before) || (await this.#parts.engine.isAncestor(before, head))
  }

  async #commit(id: string): Promise<Commit> {
    return await readCommit(this.#parts.engine, id)
  }

  async #changes(context: WalkContext, from: string, to: string): Promise<ChangeSet> {
    const { path } = this.#parts
    const folder = async (id: string): Promise<string | undefined> =>
      await context.trees.folder((await readCommit(context.engine, id)).tree, path)
    const [before, after] = [await folder(from), await folder(to)]
    const sides = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
    return await diffFolders(context, { path, ...sides })
  }

  async #listTree(context: WalkContext, tree: string): Promise<Listing> {
    const { path } = this.#parts
    const id = await context.trees.folder(tree, path)
    // A merge that removes the environment's folder leaves nothing of it.
    return id === undefined ? { entries: [], refused: [] } : await listFolder(context, { id, path })
  }

  async #folder(commit: string): Promise<string> {
    const { path, remote } = this.#parts
    const folder = await this.#context.trees.folder((await this.#commit(commit)).tree, path)
    if (folder !== undefined) return folder
    throw new GitvirtError({
      code: 'PathNotFound',
      message: `Commit ${commit.slice(0, 12)} of ${remote.url} has no folder "${path}".`,
      action: 'Check the path; what is applied stays as it is. To delete everything, keep the folder with any other file in it.',
    })
  }
}

type RawCommit = { readonly id: string; readonly bytes: Uint8Array }

async function readCommits(engine: ObjectReader, ids: readonly string[], head: string): Promise<RawCommit[]> {
  if (ids.length > mostCommits) throw tooManyCommits(head)
  const found: RawCommit[] = []
  for (const id of ids) {
    const object = await engine.object(id, maxCommitBytes)
    if (object?.type !== 'commit') throw missingObject('commit', id)
    found.push({ id, bytes: object.bytes })
  }
  return found
}

async function hasSameTree(engine: ObjectReader, one: string, other: string): Promise<boolean> {
  return (await readCommit(engine, one)).tree === (await readCommit(engine, other)).tree
}

function abandoned(ref: string): GitvirtError {
  return new GitvirtError({ code: 'Abandoned', message: `The merge of ${ref} was given up, because the repository is being closed.` })
}

function tooManyCommits(head: string): GitvirtError {
  return new GitvirtError({
    code: 'TooManyCommits',
    message: `More than ${mostCommits} commits came with ${head.slice(0, 12)} at once, which are too many to look at one by one.`,
    action: 'Let it in by fewer commits at a time.',
  })
}
