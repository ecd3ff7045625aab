import { GitvirtError } from '../lib/errors.ts'
import { readCredentials } from './auth.ts'
import type { EngineOptions } from './git-engine.ts'
import { runGit, type GitAnswer, type GitCall } from './git-program.ts'
import type { Remote } from './options.ts'
import { emptyRepository, refNotFound } from './ref-name.ts'
import { clearLeftovers } from './store-lock.ts'

export type FetcherOptions = Pick<EngineOptions, 'remote' | 'target' | 'storeDir' | 'auth' | 'caps'> & {
  /** The name that the reference gets here. */
  readonly into: string
  /** Most bytes that the next call may write. */
  readonly room: () => Promise<number>
}

const quietly = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules']
/** git-fetch(1) and shallow.txt: this depth means no limit; unlike --unshallow it is no error where the history is whole. */
const wholeHistory = 2_147_483_647

/** Brings one reference of the remote into a store, and remembers how the remote names it. */
export class Fetcher {
  readonly #options: FetcherOptions
  #resolved: string | undefined

  constructor(options: FetcherOptions) {
    this.#options = options
    if (options.target.kind === 'head') this.#resolved = 'HEAD'
    if (options.target.kind === 'commit') this.#resolved = options.target.id
  }

  /** @param depth most commits of history; undefined: all that the store has not. */
  async fetch(depth: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { target } = this.#options
    this.#resolved ??= await this.#resolve(signal)
    const flags = depth === undefined ? [] : [`--depth=${depth}`]
    try {
      await this.#bring(this.#resolved, flags, signal)
    } catch (error) {
      if (!(error instanceof GitvirtError) || error.code !== 'RefNotFound') throw error
      if (target.kind === 'commit') {
        await this.#fetchEverything(target.id, signal)
        return
      }
      // The branch may be gone while a tag of its name stands, or the repository may be empty: look, so that the error is exact.
      this.#resolved = await this.#resolve(signal)
      await this.#bring(this.#resolved, flags, signal)
    }
  }

  /** More of the history behind what was fetched first without it. */
  async deepen(commits: number | 'all', signal: AbortSignal | undefined): Promise<void> {
    this.#resolved ??= await this.#resolve(signal)
    await this.#bring(this.#resolved, [commits === 'all' ? `--depth=${wholeHistory}` : `--deepen=${commits}`], signal)
  }

  async #bring(source: string, flags: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const { remote, into } = this.#options
    await this.#run(['fetch', ...quietly, '--force', ...flags, '--', remote.url, `+${source}:${into}`], signal)
  }

  /** For servers that do not hand out a commit by its id: all branches and tags, then look whether it came along. */
  async #fetchEverything(id: string, signal: AbortSignal | undefined): Promise<void> {
    const specs = ['+refs/heads/*:refs/gitvirt/remote/heads/*', '+refs/tags/*:refs/gitvirt/remote/tags/*']
    await this.#run(['fetch', ...quietly, '--prune', '--', this.#options.remote.url, ...specs], signal)
    const { storeDir, remote, into } = this.#options
    const found = await runGit({ storeDir, args: ['cat-file', '-e', `${id}^{commit}`], okCodes: [1, 128] })
    if (found.exitCode !== 0) throw refNotFound(remote, id)
    await runGit({ storeDir, args: ['update-ref', '--no-deref', into, id] })
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
    const { storeDir, remote, auth, caps, room } = this.#options
    const credentials = await readCredentials(remote, auth)
    const call: GitCall = { storeDir, args, remote, credentials, signal, timeout: caps.fetchTime, maxFileBytes: await room() }
    try {
      return await runGit(call)
    } catch (error) {
      // A killed git leaves half packs, which retries would pile up.
      await clearLeftovers(storeDir)
      throw error
    }
  }
}

export function notACommit(remote: Remote): GitvirtError {
  return new GitvirtError({
    code: 'RefNotFound',
    message: `The reference of ${remote.url} does not lead to a commit.`,
    action: 'Name a branch, a tag of a commit, or a commit id.',
  })
}
