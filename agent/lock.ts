import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GitvirtError } from '../reconciler/lib/errors.ts'

/**
 * Makes sure that one agent alone works in a state folder. The kernel frees the lock however the process ends:
 * it is SQLite's exclusive lock on an otherwise empty file (POSIX advisory locks, which Node itself does not offer).
 * @throws GitvirtError `AgentRunning`
 */
export function lockStateDir(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(stateDir, 'agent.lock'), { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new GitvirtError({
      code: 'AgentRunning',
      message: `Another agent works in ${stateDir}.`,
      action: 'Stop it first, or give this one a state folder of its own.',
      cause: error,
    })
  }
  return () => database.close()
}
