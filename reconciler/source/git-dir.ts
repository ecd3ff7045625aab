import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { GitvirtError, errorCode } from '../lib/errors.ts'

const execute = promisify(execFile)

/**
 * The .git folder of the repository that a folder lies in.
 * @throws GitvirtError `NotARepository`, `CommandNotFound`
 */
export async function findGitDir(folder: string): Promise<string> {
  try {
    const { stdout } = await execute('git', ['-C', folder, 'rev-parse', '--absolute-git-dir'], {
      timeout: 60_000,
      env: callerEnvironment(),
    })
    return stdout.replace(/\n$/, '')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new GitvirtError({
        code: 'CommandNotFound',
        message: 'The program "git" is not installed.',
        action: 'Install "git" on this host.',
        cause: error,
      })
    }
    const words =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').slice(-2).join(' | ') : String(error)
    throw new GitvirtError({
      code: 'NotARepository',
      message: `${folder} lies in no Git repository: ${words.slice(0, 500)}`,
      action: 'Name the folder of a clone with --repo.',
      cause: error,
    })
  }
}

/** What git sees of our environment here: nothing that points it to another repository. */
function callerEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|COMMON_DIR|NAMESPACE)$/.test(name),
  )
  return { ...Object.fromEntries(kept), LC_ALL: 'C' }
}
