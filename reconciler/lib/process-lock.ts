import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GitvirtError } from './errors.ts'

export type LockOptions = {
  /** An otherwise empty file; its folder is made with mode 0700. */
  readonly path: string
  readonly code: string
  /** What is held, for the message: "The state folder /var/lib/gitvirt". */
  readonly what: string
}

/**
 * Takes something that one process at a time may use. The kernel frees the lock however the process ends:
 * it is SQLite's exclusive lock (POSIX advisory locks, which Node itself does not offer).
 * @returns gives it back; a second call does nothing
 * @throws GitvirtError with the given code
 */
export function lockForProcess({ path, code, what }: LockOptions): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new GitvirtError({
      code,
      message: `${what} is in use by another process.`,
      action: 'Stop that process first, or name another folder.',
      cause,
    })
  }
  return () => {
    if (database.isOpen) database.close()
  }
}
