import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, ExecaError } from 'execa'
import { GitvirtError } from '../lib/errors.ts'
import { callerEnvironment, findGitDir } from './local-tree.ts'

export type BranchEdit = {
  /** A folder of the repository. */
  readonly repo: string
  /** Commit that the branch grows from. */
  readonly parent: string
  /** New contents by path from the repository's root. */
  readonly files: ReadonlyMap<string, string>
}

/** A tree with the edits that is made but that no branch names yet. */
export type PreparedEdit = {
  readonly tree: string
  /** What `git diff` shows between the parent and it. */
  readonly patch: string
  /** @throws GitvirtError `BranchExists`, `IdentityMissing` */
  readonly commit: (options: { readonly branch: string; readonly message: string }) => Promise<string>
}

/**
 * Makes the edited tree through an index of its own: work tree, index and HEAD are not touched. With `keep` false the objects go to
 * a folder that is removed, so that nothing is left in the repository.
 */
export async function withEdit<T>(edit: BranchEdit & { readonly keep: boolean }, use: (prepared: PreparedEdit) => Promise<T>): Promise<T> {
  const gitDir = await findGitDir(edit.repo)
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-promote-'))
  try {
    const git = await openGit({ gitDir, dir, keep: edit.keep })
    const tree = await makeTree(git, edit)
    const patch = await git(['diff-tree', '-p', '--no-color', '--no-ext-diff', '--no-textconv', '--full-index', edit.parent, tree])
    return await use({ tree, patch, commit: async (options) => await commitTree(git, { ...options, tree, parent: edit.parent }) })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

type Git = (args: readonly string[], input?: string) => Promise<string>

async function openGit({ gitDir, dir, keep }: { readonly gitDir: string; readonly dir: string; readonly keep: boolean }): Promise<Git> {
  const base = { ...callerEnvironment(), GIT_DIR: gitDir, GIT_INDEX_FILE: join(dir, 'index'), GIT_LITERAL_PATHSPECS: '1' }
  const plain = gitWith(base)
  if (keep) return plain
  const common = (await plain(['rev-parse', '--path-format=absolute', '--git-common-dir'])).trim()
  const objects = join(dir, 'objects')
  await mkdir(objects)
  return gitWith({ ...base, GIT_OBJECT_DIRECTORY: objects, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(common, 'objects') })
}

/** No hooks and no file system monitor of the repository run. */
const quiet = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', '-c', 'user.useConfigOnly=true']

function gitWith(env: NodeJS.ProcessEnv): Git {
  return async (args, input) => {
    try {
      const options = { env, extendEnv: false, timeout: 60_000, maxBuffer: 64 * 2 ** 20, stripFinalNewline: false }
      return (await execa('git', [...quiet, ...args], { ...options, input: input ?? '' })).stdout
    } catch (error) {
      const words =
        error instanceof ExecaError
          ? String(error.stderr ?? '')
              .trim()
              .split('\n')
              .slice(-4)
              .join(' | ')
          : String(error)
      throw new GitvirtError({ code: 'GitFailed', message: `git ${args[0] ?? ''} failed: ${words.slice(0, 1500)}`, cause: error })
    }
  }
}

async function makeTree(git: Git, { parent, files }: BranchEdit): Promise<string> {
  await git(['read-tree', parent])
  const lines: string[] = []
  for (const [path, text] of files) {
    const id = (await git(['hash-object', '-w', '--stdin'], text)).trim()
    const mode = /^(\d{6}) /.exec(await git(['ls-files', '-s', '-z', '--', path]))?.[1] ?? '100644'
    lines.push(`${mode} ${id}\t${path}\0`)
  }
  await git(['update-index', '-z', '--index-info'], lines.join(''))
  return (await git(['write-tree'])).trim()
}

type CommitOptions = { readonly branch: string; readonly message: string; readonly tree: string; readonly parent: string }

async function commitTree(git: Git, { branch, message, tree, parent }: CommitOptions): Promise<string> {
  for (const ident of ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT']) await git(['var', ident]).catch(identityMissing)
  await git(['check-ref-format', '--branch', branch])
  const reference = `refs/heads/${branch}`
  const commit = (await git(['commit-tree', tree, '-p', parent, '-F', '-'], message)).trim()
  // An empty old value lets only a new branch through, whatever else makes one meanwhile.
  await git(['update-ref', '--no-deref', '--create-reflog', reference, commit, '0'.repeat(commit.length)]).catch((cause: unknown) => {
    throw new GitvirtError({
      code: 'BranchExists',
      message: `The branch "${branch}" cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`,
      action: 'Name another one with --branch, or remove it with "git branch -D".',
      cause,
    })
  })
  return commit
}

function identityMissing(cause: unknown): never {
  throw new GitvirtError({
    code: 'IdentityMissing',
    message: 'Git does not know who makes the commit: user.name or user.email is not set.',
    action: 'Set them: git config user.name "…" and git config user.email "…".',
    cause,
  })
}
