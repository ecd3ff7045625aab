import { GitvirtError } from '../../lib/errors.ts'
import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import { readDetails, type CommitDetails } from '../read/details.ts'
import { eachPart } from '../read/git-stream.ts'
import { resolveCommit, type LocalRepository } from '../read/repository.ts'
import { changedObjects, type ObjectChange } from './changed-objects.ts'
import { mergeTrees, type MergeConflict } from './merge-trees.ts'
import { objectTree } from './object-tree.ts'
import { writeGit } from './write-git.ts'

export type RevertQuery = {
  readonly repository: LocalRepository
  /** The commit to take back. */
  readonly commit: string
  /** Id of the commit that the revert is made on. */
  readonly onto: string
  /** The environment's folder; empty for the root. */
  readonly path: string
  /** Takes back only what the commit did to this object. */
  readonly object?: ObjectKey
  /** Of a merge: the parent that stays, from 1; default 1, the main line. */
  readonly mainline?: number
}

/** A revert that is ready to be committed. Nothing refers to it yet. */
export type Revert = {
  readonly reverted: CommitDetails
  readonly onto: string
  readonly tree: string
  readonly message: string
  /** What it does to each object. */
  readonly changes: readonly ObjectChange[]
}

/**
 * Takes back what one commit did, on top of another, without a work tree.
 * @throws GitvirtError `RefNotFound`, `NotInHistory`, `NothingToRevert`, `RevertConflict`, `ObjectNotSeparate`
 */
export async function revert(query: RevertQuery): Promise<Revert> {
  const { repository, onto, path, object } = query
  const commit = await resolveCommit(repository, query.commit)
  const reverted = (await readDetails(repository.gitDir, [commit])).get(commit)
  if (reverted === undefined) throw notInHistory(commit, onto)
  await checkHistory(repository, commit, onto)
  const { parent, isMerge } = await parentOf(repository, commit, query.mainline)
  const theirs = object === undefined ? await treeOf(repository, parent) : await objectTree({ repository, commit, parent, object, path })
  const ours = await treeOf(repository, onto)
  const merged = await mergeTrees(repository, { base: await treeOf(repository, commit), ours, theirs })
  if (merged.conflicts.length > 0) throw await conflictError(query, { commit, conflicts: merged.conflicts, isMerge })
  if (merged.tree === ours) throw nothingLeft(commit, onto)
  const changes = await changedObjects(repository.gitDir, { from: ours, to: merged.tree, path })
  return { reverted, onto, tree: merged.tree, message: messageOf(reverted, { object, parent, isMerge }), changes }
}

/** Git's own words for a revert, so that tools know it. */
function messageOf(
  { id, message }: CommitDetails,
  { object, parent, isMerge }: { object: ObjectKey | undefined; parent: string; isMerge: boolean },
): string {
  const merge = isMerge ? `, reversing\nchanges made to ${parent}` : ''
  const part = object === undefined ? '' : `\n\nOnly what it did to ${keyText(object)}.`
  return `Revert "${message.split('\n', 1)[0] ?? ''}"\n\nThis reverts commit ${id}${merge}.${part}\n`
}

async function checkHistory(repository: LocalRepository, commit: string, onto: string): Promise<void> {
  const { exitCode } = await writeGit(repository, ['merge-base', '--is-ancestor', commit, onto], { okCodes: [1] })
  if (exitCode !== 0) throw notInHistory(commit, onto)
}

async function parentOf(
  { gitDir }: LocalRepository,
  commit: string,
  mainline: number | undefined,
): Promise<{ parent: string; isMerge: boolean }> {
  let parents: string[] = []
  await eachPart({ gitDir, args: ['log', '-1', '--no-patch', '--no-show-signature', '-z', '--format=%P', commit] }, (part) => {
    parents = part
      .trim()
      .split(' ')
      .filter((id) => id !== '')
  })
  const [first] = parents
  // Taking back the first commit leaves the empty tree (git-hash-object(1) knows its id).
  if (first === undefined) return { parent: emptyTree(commit), isMerge: false }
  const parent = parents[(mainline ?? 1) - 1]
  if (parent !== undefined && (mainline === undefined || parents.length > 1)) return { parent, isMerge: parents.length > 1 }
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: commit ${commit.slice(0, 12)} has ${parents.length === 1 ? 'one parent' : `${parents.length} parents`}, so --mainline ${mainline ?? 1} names none to keep.`,
    action: parents.length === 1 ? 'Leave --mainline out: it is for merges.' : `Name a parent from 1 to ${parents.length}.`,
    terminal: true,
  })
}

function emptyTree(commit: string): string {
  return commit.length === 40
    ? '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
    : '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321'
}

async function treeOf(repository: LocalRepository, name: string): Promise<string> {
  const { stdout } = await writeGit(repository, ['rev-parse', '--verify', '--end-of-options', `${name}^{tree}`])
  return stdout.trim()
}

function notInHistory(commit: string, onto: string): GitvirtError {
  return new GitvirtError({
    code: 'NotInHistory',
    message: `Commit ${commit.slice(0, 12)} is not in the history of ${onto.slice(0, 12)}, so there is nothing of it to take back.`,
    action: 'Name a commit of this branch: "gitvirt log" lists them. After a rebase a commit has another id.',
    terminal: true,
  })
}

function nothingLeft(commit: string, onto: string): GitvirtError {
  return new GitvirtError({
    code: 'NothingToRevert',
    message: `Nothing of commit ${commit.slice(0, 12)} is left at ${onto.slice(0, 12)}: later commits have taken it back already.`,
    action: 'Nothing to do.',
    terminal: true,
  })
}

const whys: Readonly<Record<string, string>> = {
  contents: 'a later commit changed the same lines, or lines beside them',
  'modify/delete': 'one side changed the file, the other removed it',
  'rename/delete': 'one side moved the file, the other removed it',
  'add/add': 'both sides have the file, with different content',
}

type Conflicts = { readonly commit: string; readonly conflicts: readonly MergeConflict[]; readonly isMerge: boolean }

/** Each file with the reason and the later commits that touch it: these come first, or must go first. */
async function conflictError({ repository, onto, object }: RevertQuery, { commit, conflicts, isMerge }: Conflicts): Promise<GitvirtError> {
  const lines: string[] = []
  for (const { path, kind } of conflicts) {
    const later = await laterCommits(repository, { commit, onto, path })
    const who = later.length === 0 ? '' : `; later commits of it: ${later.join(', ')}`
    lines.push(`${path}: ${whys[kind] ?? kind}${who}`)
  }
  const byHand = `git revert ${isMerge ? '-m 1 ' : ''}${commit.slice(0, 12)}`
  const narrower = object === undefined ? ' or take back one object only (--object KIND/NAME),' : ''
  return new GitvirtError({
    code: 'RevertConflict',
    message: `Commit ${commit.slice(0, 12)} cannot be taken back by itself. \n  ${lines.join('\n  ')}\n`,
    action: `Take the later commits back first,${narrower} or merge by hand in a work tree: ${byHand}. No branch was made.`,
    terminal: true,
  })
}

const mostNamed = 5

async function laterCommits(
  { gitDir }: LocalRepository,
  { commit, onto, path }: { commit: string; onto: string; path: string },
): Promise<string[]> {
  const found: string[] = []
  const args = [
    'log',
    `--max-count=${mostNamed}`,
    '--no-patch',
    '--no-show-signature',
    '-z',
    '--format=%H %s',
    `${commit}..${onto}`,
    '--',
    path,
  ]
  await eachPart({ gitDir, args }, (part) => {
    const [id = '', ...subject] = part.trim().split(' ')
    if (id !== '') found.push(`${id.slice(0, 12)} "${subject.join(' ').slice(0, 80)}"`)
  })
  return found
}
