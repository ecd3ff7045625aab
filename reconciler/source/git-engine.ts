import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GitvirtError } from '../lib/errors.ts'
import { readCredentials } from './auth.ts'
import { CatFile } from './cat-file.ts'
import type { Engine, GitObject } from './engine.ts'
import { mergeTrees } from './git-merge.ts'
import { pushNotes } from './git-notes.ts'
import { runGit, type GitAnswer, type GitCall } from './git-program.ts'
import type { Remote, SourceAuth, SourceCaps } from './options.ts'
import { clearLeftovers } from './store-lock.ts'
import { emptyRepository, refNotFound, type RefTarget } from './ref-name.ts'

export type EngineOptions = {
  readonly remote: Remote
  readonly target: RefTarget
  readonly storeDir: string
  readonly auth: SourceAuth | undefined
  readonly caps: SourceCaps
  readonly wholeHistory: boolean
}

const incoming = 'refs/gitvirt/incoming'
/** Where a branch or request that is only looked at goes. */
const requested = 'refs/gitvirt/requested'
const quietly = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules']
/** git-fetch(1) and shallow.txt: this depth means no limit; unlike --unshallow it is no error where the history is whole. */
const wholeHistory = 2_147_483_647
const manyPacks = 40
const manyIds = 500

/** Fills and reads the store with the git program. The store must be there. */
export function createGitEngine(options: EngineOptions): Engine {
  const { storeDir } = options
  const headers = new CatFile(storeDir, false)
  const contents = new CatFile(storeDir, true)
  const fetcher = new Fetcher(options, incoming)
  return {
    fetch: async (have, signal) => {
      await fetcher.fetch(have, signal)
      const commit = await headers.request(`${incoming}^{commit}`)
      if (commit === undefined) throw notACommit(options.remote)
      return commit.id
    },
    merge: async (into, target, signal) => {
      const other = new Fetcher({ ...options, target }, requested)
      await other.fetch(into, signal)
      const head = await headers.request(`${requested}^{commit}`)
      if (head === undefined) throw notACommit(options.remote)
      const deepen = async (commits: number | 'all'): Promise<void> => {
        await fetcher.deepen(commits, signal)
        await other.deepen(commits, signal)
      }
      return { head: head.id, ...(await mergeTrees({ storeDir, into, head: head.id, deepen })) }
    },
    note: async (notes, signal) => await pushNotes(options, notes, signal),
    readRef: async (name) => (await headers.request(name))?.id,
    writeRefs: async (refs) => {
      const input = refs.map(({ name, id }) => `update ${name} ${id}\n`).join('')
      await runGit({ storeDir, args: ['update-ref', '--no-deref', '--stdin'], input })
    },
    isAncestor: async (ancestor, descendant) => {
      const args = ['merge-base', '--is-ancestor', ancestor, descendant]
      return (await runGit({ storeDir, args, okCodes: [1, 128] })).exitCode === 0
    },
    between: async (after, head, most) => {
      const { stdout } = await runGit({ storeDir, args: ['rev-list', `--max-count=${most}`, head, `^${after}`] })
      return stdout.split('\n').filter((line) => line !== '')
    },
    sizes: async (ids) => await (ids.length > manyIds ? readManySizes(storeDir, ids) : readSizes(headers, ids)),
    object: async (id, maxBytes) => await readObject(contents, id, maxBytes),
    tidy: async () => {
      const names = await readdir(join(storeDir, 'objects', 'pack'))
      if (names.filter((name) => name.endsWith('.pack')).length < manyPacks) return
      await runGit({ storeDir, args: ['repack', '--quiet', '-d', '--geometric=2'], timeout: 600_000 })
      await Promise.all([headers.close(), contents.close()])
    },
    close: async () => void (await Promise.all([headers.close(), contents.close()])),
  }
}

async function readSizes(headers: CatFile, ids: readonly string[]): Promise<Map<string, number>> {
  const answers = await Promise.all(ids.map(async (id) => await headers.request(id)))
  const sizes = new Map<string, number>()
  for (const answer of answers) if (answer !== undefined) sizes.set(answer.id, answer.size)
  return sizes
}

async function readManySizes(storeDir: string, ids: readonly string[]): Promise<Map<string, number>> {
  const bulk = new CatFile(storeDir, false, 'bulk')
  const sizes = readSizes(bulk, ids)
  await bulk.close()
  return await sizes
}

async function readObject(contents: CatFile, id: string, maxBytes: number): Promise<GitObject | undefined> {
  const answer = await contents.request(id, maxBytes)
  return answer?.bytes === undefined ? undefined : { id: answer.id, type: answer.type, bytes: answer.bytes }
}

/** Brings one reference of the remote into the store, and remembers how the remote names it. */
class Fetcher {
  readonly #options: EngineOptions
  /** The name that it gets here. */
  readonly #into: string
  #resolved: string | undefined

  constructor(options: EngineOptions, into: string) {
    this.#options = options
    this.#into = into
    if (options.target.kind === 'head') this.#resolved = 'HEAD'
    if (options.target.kind === 'commit') this.#resolved = options.target.id
  }

  async fetch(have: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { target } = this.#options
    this.#resolved ??= await this.#resolve(signal)
    try {
      await this.#run(this.#fetchArgs(this.#resolved, have), signal)
    } catch (error) {
      if (!(error instanceof GitvirtError) || error.code !== 'RefNotFound') throw error
      if (target.kind === 'commit') {
        await this.#fetchEverything(target.id, signal)
        return
      }
      // The branch may be gone while a tag of its name stands, or the repository may be empty: look, so that the error is exact.
      this.#resolved = await this.#resolve(signal)
      await this.#run(this.#fetchArgs(this.#resolved, have), signal)
    }
  }

  /** More of the history behind what was fetched first without it. */
  async deepen(commits: number | 'all', signal: AbortSignal | undefined): Promise<void> {
    this.#resolved ??= await this.#resolve(signal)
    const flag = commits === 'all' ? `--depth=${wholeHistory}` : `--deepen=${commits}`
    await this.#run(['fetch', ...quietly, '--force', flag, '--', this.#options.remote.url, `+${this.#resolved}:${this.#into}`], signal)
  }

  #fetchArgs(source: string, have: string | undefined): string[] {
    // The first fetch needs no history; later ones bring what lies between, which tells a rewrite from a push.
    const depth = have === undefined && !this.#options.wholeHistory ? ['--depth=1'] : []
    return ['fetch', ...quietly, '--force', ...depth, '--', this.#options.remote.url, `+${source}:${this.#into}`]
  }

  /** For servers that do not hand out a commit by its id: all branches and tags, then look whether it came along. */
  async #fetchEverything(id: string, signal: AbortSignal | undefined): Promise<void> {
    const specs = ['+refs/heads/*:refs/gitvirt/remote/heads/*', '+refs/tags/*:refs/gitvirt/remote/tags/*']
    await this.#run(['fetch', ...quietly, '--prune', '--', this.#options.remote.url, ...specs], signal)
    const { storeDir, remote } = this.#options
    const found = await runGit({ storeDir, args: ['cat-file', '-e', `${id}^{commit}`], okCodes: [1, 128] })
    if (found.exitCode !== 0) throw refNotFound(remote, id)
    await runGit({ storeDir, args: ['update-ref', '--no-deref', this.#into, id] })
  }

  async #resolve(signal: AbortSignal | undefined): Promise<string> {
    const { remote, target } = this.#options
    const wanted = target.kind === 'name' ? target.candidates : ['HEAD']
    const answer = await this.#run(['ls-remote', '--quiet', '--', remote.url], signal)
    const names = new Set(answer.stdout.split('\n').map((line) => line.split('\t')[1]))
    if (answer.stdout.trim() === '') throw emptyRepository(remote)
    const found = wanted.find((name) => names.has(name))
    if (found === undefined) throw refNotFound(remote, wanted[0] ?? 'HEAD')
    return found
  }

  async #run(args: readonly string[], signal: AbortSignal | undefined): Promise<GitAnswer> {
    const { storeDir, remote, auth, caps } = this.#options
    const credentials = await readCredentials(remote, auth)
    const call: GitCall = { storeDir, args, remote, credentials, signal, timeout: caps.fetchTime, maxFileBytes: caps.fetchBytes }
    try {
      return await runGit(call)
    } catch (error) {
      // A killed git leaves half packs, which retries would pile up.
      await clearLeftovers(storeDir)
      throw error
    }
  }
}

function notACommit(remote: Remote): GitvirtError {
  return new GitvirtError({
    code: 'RefNotFound',
    message: `The tracked reference of ${remote.url} does not lead to a commit.`,
    action: 'Track a branch, a tag of a commit, or a commit id.',
  })
}
