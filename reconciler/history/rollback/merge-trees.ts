import type { LocalRepository } from '../read/repository.ts'
import { writeGit } from './write-git.ts'

/** A file that could not be merged, and how git calls the conflict: contents, modify/delete … */
export type MergeConflict = { readonly path: string; readonly kind: string }

export type MergedTree = { readonly tree: string; readonly conflicts: readonly MergeConflict[] }

/** Three trees: both sides are changed against the base. */
export type ThreeTrees = { readonly base: string; readonly ours: string; readonly theirs: string }

/**
 * Merges trees without a work tree. git merge-tree takes the base from the graph, and an explicit one only since 2.40; so three commits
 * are made that have the wanted base. Nothing refers to them: git's own clean-up takes them away.
 * Source of the output's format: git-merge-tree(1), OUTPUT.
 * @throws GitvirtError `CommandFailed`
 */
export async function mergeTrees(repository: LocalRepository, { base, ours, theirs }: ThreeTrees): Promise<MergedTree> {
  const commit = async (tree: string, ...parents: string[]): Promise<string> => {
    const args = ['commit-tree', '-m', 'merge', ...parents.flatMap((parent) => ['-p', parent]), tree]
    return (await writeGit(repository, args)).stdout.trim()
  }
  const from = await commit(base)
  const sides = [await commit(ours, from), await commit(theirs, from)]
  const { stdout } = await writeGit(repository, ['merge-tree', '--write-tree', '-z', '--messages', ...sides], { okCodes: [1] })
  return readMerge(stdout)
}

function readMerge(output: string): MergedTree {
  const [tree = '', ...parts] = output.split('\0')
  const end = parts.indexOf('')
  const files = end === -1 ? parts : parts.slice(0, end)
  const paths = new Set(files.map((file) => file.slice(file.indexOf('\t') + 1)))
  const kinds = end === -1 ? new Map<string, string>() : readMessages(parts.slice(end + 1))
  return { tree, conflicts: [...paths].map((path) => ({ path, kind: kinds.get(path) ?? 'contents' })) }
}

/** Each message: the number of paths, the paths, the kind, the text. */
function readMessages(parts: readonly string[]): Map<string, string> {
  const kinds = new Map<string, string>()
  for (let at = 0; at + 2 < parts.length;) {
    const count = Number(parts[at])
    if (!Number.isInteger(count) || count < 0) break
    const kind = parts[at + 1 + count] ?? ''
    const conflict = /^CONFLICT \((.*)\)$/.exec(kind)?.[1]
    if (conflict !== undefined) for (const path of parts.slice(at + 1, at + 1 + count)) kinds.set(path, conflict)
    at += count + 3
  }
  return kinds
}
