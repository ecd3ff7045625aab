import { GitvirtError, describeError } from '../../lib/errors.ts'
import { parseRef } from '../../source/ref-name.ts'
import { resolveCommit, type LocalRepository } from '../read/repository.ts'
import type { Revert } from './revert.ts'
import { userGit } from './write-git.ts'

// Making a branch is no work on files: no hook has a say in it.
const noHooks = ['-c', 'core.hooksPath=/dev/null']

/**
 * Makes the revert's commit, by the user's own name. Returns its id.
 * @param sign with the user's key, as "git commit -S"
 * @throws GitvirtError `CommandFailed`, with git's words
 */
export async function commitRevert(repository: LocalRepository, { tree, onto, message }: Revert, sign: boolean): Promise<string> {
  return await userGit(repository, ['commit-tree', ...(sign ? ['-S'] : []), '-p', onto, '-F', '-', tree], { input: message })
}

/** Points a new branch at the commit. @throws GitvirtError `InvalidRef`, `BranchExists` */
export async function makeBranch(repository: LocalRepository, name: string, commit: string): Promise<void> {
  parseRef(name)
  const ref = `refs/heads/${name}`
  if ((await repository.resolve(ref)) !== undefined) throw branchExists(name)
  await userGit(repository, [...noHooks, 'update-ref', '-m', 'gitvirt rollback', ref, commit, '0'.repeat(commit.length)])
}

function branchExists(name: string): GitvirtError {
  return new GitvirtError({
    code: 'BranchExists',
    message: `There is a branch ${name} already.`,
    action: 'Name another one with --branch, or remove it.',
    terminal: true,
  })
}

export type RemoteBranch = { readonly remote: string; readonly branch: string }

/** Fetches a branch with the user's credentials and returns its commit. @throws GitvirtError `FetchFailed` */
export async function fetchBranch(repository: LocalRepository, { remote, branch }: RemoteBranch): Promise<string> {
  parseRef(branch)
  try {
    await userGit(repository, ['fetch', '--quiet', '--no-tags', '--', remote, `refs/heads/${branch}`])
  } catch (cause) {
    throw new GitvirtError({
      code: 'FetchFailed',
      message: `${branch} of ${remote} cannot be fetched: ${describeError(cause)}`,
      action: 'Check --remote and --onto, and that you may read the repository.',
      cause,
    })
  }
  return await resolveCommit(repository, 'FETCH_HEAD')
}

/** Pushes the commit to the branch, never by force: git refuses where the branch has moved. @throws GitvirtError `PushFailed` */
export async function pushCommit(repository: LocalRepository, { remote, branch }: RemoteBranch, commit: string): Promise<void> {
  try {
    await userGit(repository, ['push', '--quiet', '--no-force', '--', remote, `${commit}:refs/heads/${branch}`])
  } catch (cause) {
    throw new GitvirtError({
      code: 'PushFailed',
      message: `The revert ${commit.slice(0, 12)} could not be pushed to ${branch} of ${remote}: ${describeError(cause)}`,
      action: 'Where the branch has moved, run it again; where it is protected, use --branch and open a pull request.',
      cause,
    })
  }
}
