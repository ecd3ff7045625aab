import { join } from 'node:path'
import { run, type ExecResult } from '../../lib/exec.ts'
import { gitEnvironment } from '../../source/git-environment.ts'
import type { LocalRepository } from '../read/repository.ts'

export type WriteCall = { readonly input?: string | Uint8Array; readonly okCodes?: readonly number[] }

/**
 * Runs git with new objects going to the repository's own store; everything else, index and configuration, is in our own Git folder, so
 * that no work tree, index, hook or merge program of the repository takes part.
 * @throws GitvirtError `CommandFailed`, with git's words
 */
export async function writeGit(repository: LocalRepository, args: readonly string[], call: WriteCall = {}): Promise<ExecResult> {
  const { gitDir, objects } = repository
  const person = { GIT_AUTHOR_NAME: 'gitvirt', GIT_AUTHOR_EMAIL: 'gitvirt', GIT_COMMITTER_NAME: 'gitvirt', GIT_COMMITTER_EMAIL: 'gitvirt' }
  const env = { ...gitEnvironment(gitDir), ...person, GIT_OBJECT_DIRECTORY: objects, GIT_INDEX_FILE: join(gitDir, 'index') }
  return await run('git', args, { ...call, env, maxBytes: 2 ** 26 })
}

/** Runs git as the user would in the repository: with their configuration, credentials and signing key. */
export async function userGit(repository: LocalRepository, args: readonly string[], call: WriteCall = {}): Promise<string> {
  const { stdout } = await run('git', ['-C', repository.folder, ...args], { ...call, timeout: 300_000 })
  return stdout.trim()
}
