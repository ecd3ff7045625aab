import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GitvirtError, describeError } from '../lib/errors.ts'
import { migrate } from './migrations.ts'

const fileName = 'state.db'

/**
 * Opens the one state database of a folder, makes it where it is missing (folder 0700, file 0600), and migrates it.
 * WAL with synchronous NORMAL: a crash of the program loses nothing, a power cut loses at most the last commits, never consistency
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 * @throws GitvirtError `StoreUnusable`, `StoreTooNew`
 */
export function openDatabase(dir: string): DatabaseSync {
  const file = join(dir, fileName)
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    // SQLite would create it with the umask's mode; its WAL and shared-memory files take the mode of this one.
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
    const db = new DatabaseSync(file)
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON')
    migrate(db)
    return db
  } catch (error) {
    if (error instanceof GitvirtError) throw error
    throw new GitvirtError({
      code: 'StoreUnusable',
      message: `The state database ${file} cannot be opened: ${describeError(error)}`,
      action: 'Check the folder and its free space; a damaged database may be moved away: what is applied is learnt again from the hosts.',
      cause: error,
    })
  }
}
