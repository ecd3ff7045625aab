import { execFile } from 'node:child_process'
import { GitvirtError, errorCode } from '../lib/errors.ts'
import { parseSubPath } from './options.ts'

const gitDirFlag = '--absolute-git-dir'

/**
 * The .git folder of the repository that a folder lies in.
 * @throws GitvirtError `NotARepository`, `CommandNotFound`
 */
export async function findGitDir(folder: string): Promise<string> {
  return (await revParse(folder, [gitDirFlag])) ?? ''
}

/**
 * The id of a folder's tree in a repository on this machine, by one start of git.
 * @param revision as git-rev-parse(1) has it: a branch, tag, commit id, HEAD~2 …
 * @throws GitvirtError `RefNotFound`, `PathNotFound`, `InvalidPath`, `NotARepository`, `CommandNotFound`
 */
export async function resolveTree(folder: string, revision: string, path: string): Promise<string> {
  const inside = parseSubPath(path)
  // A slash at the end lets only a folder through.
  const tree = await verify(folder, `${revision}^{commit}:${inside === '' ? '' : `${inside}/`}`)
  if (tree !== undefined) return tree
  await resolveCommit(folder, revision)
  throw new GitvirtError({
    code: 'PathNotFound',
    message: `"${revision}" has no folder "${inside}".`,
    action: 'Name the folder from the root of the repository, without "./" in front.',
  })
}

/**
 * The id of a commit in a repository on this machine.
 * @throws GitvirtError `RefNotFound`, `NotARepository`, `CommandNotFound`
 */
export async function resolveCommit(folder: string, revision: string): Promise<string> {
  return (await findCommit(folder, revision)).commit
}

/**
 * The id of a commit in a repository on this machine, and the .git folder of it, by one start of git.
 * @throws GitvirtError `RefNotFound`, `NotARepository`, `CommandNotFound`
 */
export async function findCommit(folder: string, revision: string): Promise<{ readonly commit: string; readonly gitDir: string }> {
  const answer = await verify(folder, `${revision}^{commit}`, [gitDirFlag])
  if (answer !== undefined) {
    // The id is the last line: the name of a folder may have line breaks too.
    const end = answer.lastIndexOf('\n')
    return { gitDir: answer.slice(0, end), commit: answer.slice(end + 1) }
  }
  throw new GitvirtError({
    code: 'RefNotFound',
    message: `The repository of ${folder} has no commit "${revision}".`,
    action: 'Name a branch, a tag or a commit of it; a branch that only the remote has is origin/BRANCH.',
  })
}

/** True where a tree holds an entry of one of these names. */
export async function holdsAny(folder: string, tree: string, names: readonly string[]): Promise<boolean> {
  return (await runHere(folder, ['ls-tree', '--name-only', tree, '--', ...names])) !== ''
}

async function verify(folder: string, name: string, before: readonly string[] = []): Promise<string | undefined> {
  return await revParse(folder, [...before, '--verify', '--quiet', '--end-of-options', name])
}

/** What git answers; undefined where it knows no such name. */
async function revParse(folder: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await runHere(folder, ['rev-parse', ...args])).replace(/\n$/, '')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw noGit(error)
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    if (words === '') return undefined
    throw new GitvirtError({
      code: 'NotARepository',
      message: `${folder} lies in no Git repository that can be read: ${words.split('\n').slice(-2).join(' | ').slice(0, 500)}`,
      action: 'Name the folder of a clone with --repo.',
      cause: error,
    })
  }
}

/** What git prints, run by the caller's own means; its error has what it said as `stderr`. */
async function runHere(folder: string, args: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile('git', ['-C', folder, ...args], { timeout: 60_000, env: callerEnvironment() }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(Object.assign(error, { stderr }))
    })
  })
}

function noGit(cause: unknown): GitvirtError {
  const action = 'Install "git" on this host.'
  return new GitvirtError({ code: 'CommandNotFound', message: 'The program "git" is not installed.', action, cause })
}

const redirecting = /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE)$/

/** What git sees of our environment: nothing that points it to another repository. */
export function callerEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !redirecting.test(name))
  return { ...Object.fromEntries(kept), LC_ALL: 'C', GIT_NO_LAZY_FETCH: '1', GIT_NO_REPLACE_OBJECTS: '1', GIT_TERMINAL_PROMPT: '0' }
}
