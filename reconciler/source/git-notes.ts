import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, GitvirtError } from '../lib/errors.ts'
import { readCredentials } from './auth.ts'
import type { EngineOptions } from './git-engine.ts'
import { runGit, type GitAnswer, type GitCall } from './git-program.ts'

/** Lines that the note of a commit shall have besides those it has. */
export type NoteLines = ReadonlyMap<string, readonly string[]>

const notesRef = 'refs/notes/gitvirt'
/** Others push notes of their environments to the same reference. */
const mostTries = 5
/** git-notes(1) writes commits, which have somebody. */
const identity = ['-c', 'user.name=gitvirt', '-c', 'user.email=gitvirt@localhost', '-c', 'core.notesRef=refs/notes/gitvirt']

/**
 * Adds lines to the notes of commits and pushes them; a line that is there is not added again. Never by force: where another was
 * quicker, its notes are fetched and the lines are added to those.
 * @throws GitvirtError `NotesRefused` where the remote does not take them, and what fetching throws
 */
export async function pushNotes(options: EngineOptions, notes: NoteLines, signal?: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await fetchNotes(options, signal)
    for (const [commit, lines] of notes) await addLines(options, commit, lines)
    const url = options.remote.url
    const pushed = await remoteGit(options, ['push', '--quiet', '--', url, `${notesRef}:${notesRef}`], { signal, okCodes: [1] })
    if (pushed.exitCode === 0) return
    if (attempt === mostTries) throw notesRefused(url, pushed)
  }
}

async function fetchNotes(options: EngineOptions, signal: AbortSignal | undefined): Promise<void> {
  const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules', '--force']
  try {
    await remoteGit(options, ['fetch', ...flags, '--', options.remote.url, `+${notesRef}:${notesRef}`], { signal })
  } catch (error) {
    // The first receipts of all.
    if (errorCode(error) !== 'RefNotFound') throw error
  }
}

async function addLines({ storeDir }: EngineOptions, commit: string, lines: readonly string[]): Promise<void> {
  const shown = await runGit({ storeDir, args: [...identity, 'notes', 'show', commit], okCodes: [1] })
  // What is there stays byte for byte, whatever others wrote.
  const known = shown.exitCode === 0 ? shown.stdout.replace(/\n*$/, '') : ''
  const there = new Set(known.split('\n'))
  const missing = lines.filter((line) => !there.has(line))
  if (missing.length === 0) return
  const file = join(storeDir, 'gitvirt-note')
  await writeFile(file, `${[...(known === '' ? [] : [known]), ...missing].join('\n')}\n`, { mode: 0o600 })
  await runGit({ storeDir, args: [...identity, 'notes', 'add', '--force', '--file', file, commit] })
}

type RemoteCall = { readonly signal: AbortSignal | undefined; readonly okCodes?: readonly number[] }

async function remoteGit(options: EngineOptions, args: readonly string[], { signal, okCodes }: RemoteCall): Promise<GitAnswer> {
  const { storeDir, remote, auth, caps } = options
  const call: GitCall = {
    storeDir,
    args,
    remote,
    credentials: await readCredentials(remote, auth),
    signal,
    timeout: caps.fetchTime,
    maxFileBytes: caps.fetchBytes,
  }
  return await runGit(okCodes === undefined ? call : { ...call, okCodes })
}

function notesRefused(url: string, { stdout }: GitAnswer): GitvirtError {
  return new GitvirtError({
    code: 'NotesRefused',
    message: `${url} does not take the notes ${notesRef}: ${stdout.trim().slice(-500)}`,
    action: 'Check that the token may write, and that no rule of the repository protects the reference.',
  })
}
