import { GitvirtError } from '../lib/errors.ts'
import { readCredentials } from './auth.ts'
import type { EngineOptions } from './git-engine.ts'
import { runGit, type GitAnswer } from './git-program.ts'
import { parseRef } from './ref-name.ts'
import type { NewBranch } from './types.ts'

/** As gitvirt writes: who asked for it stands in the message. */
const identity = ['-c', 'user.name=gitvirt', '-c', 'user.email=gitvirt@localhost']
const mostNames = 9

/**
 * Makes the commit in the store, without a work tree, and pushes it as a new branch; never by force, and no reference of the store names it.
 * @returns the name that the branch got
 * @throws GitvirtError `InvalidRef`, `BranchRefused`, and what the remote says
 */
export async function pushBranch(options: EngineOptions, branch: NewBranch, signal?: AbortSignal): Promise<string> {
  parseRef(branch.name)
  const commit = await makeCommit(options.storeDir, branch)
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? branch.name : `${branch.name}-${number}`
    const pushed = await push(options, { name, commit, signal })
    if (pushed.exitCode === 0) return name
    if (number === mostNames || !isTaken(pushed)) throw refused(options.remote.url, name, pushed)
  }
}

/** True where a branch of this name is there; another refusal, as of a rule of the repository, holds for each name. */
function isTaken({ stdout }: GitAnswer): boolean {
  return /\((?:stale info|already exists|fetch first|non-fast-forward)\)|reference already exists/.test(stdout)
}

async function makeCommit(storeDir: string, { parent, files, message }: NewBranch): Promise<string> {
  let tree = (await runGit({ storeDir, args: ['rev-parse', '--verify', `${parent}^{tree}`] })).stdout.trim()
  for (const [path, text] of files) {
    const blob = (await runGit({ storeDir, args: ['hash-object', '-w', '--stdin'], input: text })).stdout.trim()
    tree = await withFile(storeDir, { tree, parts: path.split('/'), blob })
  }
  return (await runGit({ storeDir, args: [...identity, 'commit-tree', '-p', parent, '-F', '-', tree], input: message })).stdout.trim()
}

type Replacement = { readonly tree: string; readonly parts: readonly string[]; readonly blob: string }

/** The tree with another blob at a path, made from the file up to the root. */
async function withFile(storeDir: string, { tree, parts, blob }: Replacement): Promise<string> {
  const [name = '', ...below] = parts
  const entries = (await runGit({ storeDir, args: ['ls-tree', '-z', tree] })).stdout.split('\0').filter((entry) => entry !== '')
  const index = entries.findIndex((entry) => entry.slice(entry.indexOf('\t') + 1) === name)
  const [mode, type, id] = (entries[index] ?? '').split(/[ \t]/, 3)
  if (mode === undefined || type !== (below.length === 0 ? 'blob' : 'tree') || id === undefined)
    throw new GitvirtError({ code: 'PathNotFound', message: `The revision has no file at "${name}".` })
  const replaced = below.length === 0 ? blob : await withFile(storeDir, { tree: id, parts: below, blob })
  entries[index] = `${mode} ${type} ${replaced}\t${name}`
  return (
    await runGit({ storeDir, args: ['mktree', '-z', '--missing'], input: entries.map((entry) => `${entry}\0`).join('') })
  ).stdout.trim()
}

type Push = { readonly name: string; readonly commit: string; readonly signal: AbortSignal | undefined }

async function push({ storeDir, remote, auth, caps }: EngineOptions, { name, commit, signal }: Push): Promise<GitAnswer> {
  const reference = `refs/heads/${name}`
  // An empty expectation lets only a new branch through, whatever stands there.
  const args = ['push', '--porcelain', '--quiet', `--force-with-lease=${reference}:`, '--', remote.url, `${commit}:${reference}`]
  const credentials = await readCredentials(remote, auth)
  return await runGit({ storeDir, args, remote, credentials, signal, timeout: caps.fetchTime, maxFileBytes: caps.fetchBytes, okCodes: [1] })
}

function refused(url: string, name: string, { stdout }: GitAnswer): GitvirtError {
  return new GitvirtError({
    code: 'BranchRefused',
    message: `${url} does not take the branch ${name}: ${stdout.trim().slice(-500)}`,
    action: 'Check that the token may write, and that no rule of the repository forbids the name.',
  })
}
