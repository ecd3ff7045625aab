import { GitvirtError } from '../lib/errors.ts'
import { runGit } from './git-program.ts'

/** Two commits that are merged in the store, without a work tree. */
export type TreeMerge = {
  readonly storeDir: string
  /** The commit that is merged into. */
  readonly into: string
  readonly head: string
  /** Brings this many more commits of history than the store has, or all of it. */
  readonly deepen: (commits: number | 'all') => Promise<void>
  readonly signal: AbortSignal | undefined
  /** Largest file that the merge may write, bytes. */
  readonly maxFileBytes: number
}

/** A merged tree; `conflicts` names the files in which the two sides contradict each other, the tree then holds markers there. */
export type MergedTree = { readonly base: string; readonly tree: string; readonly conflicts: readonly string[] }

/** Steps in which history is fetched until the two sides meet: most branches are young. */
const depths: readonly (number | 'all')[] = [50, 1000, 'all']

/**
 * Merges as a forge would: the `ort` strategy, from the best common ancestor.
 * Source: git-merge-tree(1), needs git 2.38 or newer.
 * @throws GitvirtError `NoCommonHistory`, `FetchFailed`, `FetchTooLarge`
 */
export async function mergeTrees(call: TreeMerge): Promise<MergedTree> {
  const base = await commonAncestor(call)
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', call.into, call.head]
  const { storeDir, signal, maxFileBytes } = call
  const { stdout } = await runGit({ storeDir, args, okCodes: [1], signal, maxFileBytes })
  const [tree = '', ...conflicts] = stdout.split('\0').filter((part) => part !== '')
  return { base, tree, conflicts: [...new Set(conflicts)] }
}

async function commonAncestor(call: TreeMerge): Promise<string> {
  for (const depth of depths) {
    const found = await mergeBase(call)
    if (found !== undefined) return found
    if (!(await isShallow(call.storeDir))) break
    await call.deepen(depth)
  }
  const last = await mergeBase(call)
  if (last !== undefined) return last
  throw new GitvirtError({
    code: 'NoCommonHistory',
    message: `${call.head.slice(0, 12)} and ${call.into.slice(0, 12)} have no commit in common, so they cannot be merged.`,
    action: 'Start the branch from the one that it shall be merged into.',
  })
}

async function mergeBase({ storeDir, into, head, signal }: TreeMerge): Promise<string | undefined> {
  const { stdout, exitCode } = await runGit({ storeDir, args: ['merge-base', into, head], okCodes: [1], signal })
  return exitCode === 0 ? stdout.trim() : undefined
}

/** True where commits of the store lack their parents. */
export async function isShallow(storeDir: string): Promise<boolean> {
  return (await runGit({ storeDir, args: ['rev-parse', '--is-shallow-repository'] })).stdout.trim() === 'true'
}
