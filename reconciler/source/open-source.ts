import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { GitvirtError } from '../lib/errors.ts'
import { diffFolders, type ChangeSet } from './changes.ts'
import { parseCommit, type Commit } from './commit.ts'
import type { Engine } from './engine.ts'
import { createGitEngine, type EngineOptions } from './git-engine.ts'
import { hasGit, prepareStore } from './git-program.ts'
import { listFolder, type WalkContext } from './listing.ts'
import { defaultCaps, parseRemote, parseSubPath, type Remote, type SourceOptions } from './options.ts'
import { parseRef } from './ref-name.ts'
import { lockStore } from './store-lock.ts'
import { missingObject, TreeReader } from './trees.ts'
import type { Listing, Revision, Source } from './types.ts'

const maxCommitBytes = 2 ** 22
const readAhead = 64

/**
 * Opens a repository without a work tree. Nothing is fetched yet.
 *
 * The last head is kept as `refs/gitvirt/<key>/head` and the one before it as `…/before`; a head that a rewrite replaced stays
 * reachable under `…/replaced/`. `<key>` stands for the address and the reference, so that tracking another branch is no rewrite.
 * @throws GitvirtError `InvalidUrl`, `InvalidRef`, `InvalidPath`, `StoreBusy`, `CommandNotFound`
 */
export async function openSource(options: SourceOptions): Promise<Source> {
  const remote = parseRemote(options.url)
  const path = parseSubPath(options.path ?? '')
  const target = parseRef(options.ref)
  const caps = { ...defaultCaps, ...options.caps }
  await mkdir(options.storeDir, { recursive: true, mode: 0o700 })
  const unlock = await lockStore(options.storeDir)
  try {
    const engineOptions = { remote, target, storeDir: options.storeDir, auth: options.auth, caps }
    const useGit = await chooseGit(options, remote)
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
  #ancestry: { readonly pair: string; readonly rewritten: boolean } | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#context = { engine: parts.engine, caps: parts.caps, trees: new TreeReader(parts.engine) }
  }

  async fetch(signal?: AbortSignal): Promise<Revision> {
    const { engine, refs } = this.#parts
    const last = await engine.readRef(`${refs}/head`)
    const head = await engine.fetch(last, signal)
    if (head !== last) await this.#advance(last, head)
    const before = await engine.readRef(`${refs}/before`)
    const rewritten = before !== undefined && (await this.#isRewrite(before, head))
    const { tree, author, committedAt, subject } = await this.#commit(head)
    return { commit: head, tree, ref: this.#parts.ref, author, committedAt, subject, rewritten }
  }

  async list(commit: string): Promise<Listing> {
    return await listFolder(this.#context, { id: await this.#folder(commit), path: this.#parts.path })
  }

  async changes(from: string, to: string): Promise<ChangeSet> {
    if (from === to) return { changes: [], refused: [] }
    const { trees } = this.#context
    const { path } = this.#parts
    const before = await trees.folder((await this.#commit(from)).tree, path)
    const after = await this.#folder(to)
    return await diffFolders(this.#context, { path, after, ...(before === undefined ? {} : { before }) })
  }

  async *read(ids: readonly string[]): AsyncIterable<{ readonly id: string; readonly bytes: Uint8Array }> {
    let waiting: Promise<{ id: string; bytes: Uint8Array }>[] = []
    // Asked for by the half of what may wait, so that many requests go in one write.
    for (let at = 0; at < ids.length; at += readAhead / 2) {
      const asked = ids.slice(at, at + readAhead / 2).map(async (id) => await this.#blob(id))
      // A reader that stops early must not turn a late failure into an unhandled one.
      for (const blob of asked) blob.catch(() => undefined)
      for (const blob of waiting) yield await blob
      waiting = asked
    }
    for (const blob of waiting) yield await blob
  }

  async close(): Promise<void> {
    await this.#parts.engine.close()
    this.#parts.unlock()
  }

  /** Head last, so that a crash between the steps only repeats them. */
  async #advance(last: string | undefined, head: string): Promise<void> {
    const { engine, refs } = this.#parts
    if (last !== undefined) {
      if (await this.#isRewrite(last, head)) await engine.writeRef(`${refs}/replaced/${last}`, last)
      await engine.writeRef(`${refs}/before`, last)
    }
    await engine.writeRef(`${refs}/head`, head)
    await engine.tidy()
  }

  async #isRewrite(before: string, head: string): Promise<boolean> {
    const pair = `${before} ${head}`
    if (this.#ancestry?.pair !== pair) {
      this.#ancestry = { pair, rewritten: before !== head && !(await this.#parts.engine.isAncestor(before, head)) }
    }
    return this.#ancestry.rewritten
  }

  async #commit(id: string): Promise<Commit> {
    const object = await this.#parts.engine.object(id, maxCommitBytes)
    if (object?.type !== 'commit') throw missingObject('commit', id)
    return parseCommit(id, object.bytes)
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

  async #blob(id: string): Promise<{ id: string; bytes: Uint8Array }> {
    const object = await this.#parts.engine.object(id, this.#parts.caps.blobBytes)
    if (object?.type !== 'blob') throw missingObject('blob', id)
    return { id, bytes: object.bytes }
  }
}
