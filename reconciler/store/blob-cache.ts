import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import type { BlobCache } from '../desired/cache.ts'
import { GitvirtError, describeError } from '../lib/errors.ts'

export type BlobCacheOptions = {
  readonly file: string
  /** Version of the rules that made the values: entries of other versions are not seen. See `rulesVersion`. */
  readonly version: string
  /** Most bytes of values; default 512 MiB. What was not used for longest is dropped first. */
  readonly maxBytes?: number
}

export type ClosableBlobCache = BlobCache & { close(): void }

/** Layout of the table; a file of another one is thrown away: a cache is never migrated. */
const layout = 2
/** Ids of one query: enough to make it cheap, few enough to keep memory flat. */
const idsPerQuery = 500

const schema = `
  CREATE TABLE IF NOT EXISTS blob (
    version TEXT NOT NULL, id TEXT NOT NULL, used INTEGER NOT NULL, bytes INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (version, id)
  );
  CREATE INDEX IF NOT EXISTS blob_used ON blob (used, bytes);
`

/**
 * Opens the cache of judged blobs, one SQLite file that may be deleted at any time. WAL without waiting for the disk: a power cut
 * loses entries, never consistency. The file holds what the manifests hold, Secrets too, so its mode is 0600. A damaged file is
 * thrown away and made anew.
 * @throws GitvirtError `CacheUnusable`
 */
export function openBlobCache(options: BlobCacheOptions): ClosableBlobCache {
  try {
    return new SqliteBlobCache(openFile(options.file), options)
  } catch {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${options.file}${suffix}`, { force: true })
  }
  try {
    return new SqliteBlobCache(openFile(options.file), options)
  } catch (error) {
    throw new GitvirtError({
      code: 'CacheUnusable',
      message: `The cache ${options.file} cannot be opened: ${describeError(error)}`,
      action: 'Check the folder and its free space.',
      cause: error,
    })
  }
}

function openFile(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // SQLite would create it with the umask's mode; its WAL file takes the mode of this one.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const db = new DatabaseSync(file)
  try {
    db.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY')
    const found = db.prepare('PRAGMA user_version').get()?.['user_version']
    if (found !== 0 && found !== layout) db.exec('DROP TABLE IF EXISTS blob')
    db.exec(`${schema} PRAGMA user_version = ${layout}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

class SqliteBlobCache implements ClosableBlobCache {
  readonly #db: DatabaseSync
  readonly #version: string
  readonly #maxBytes: number
  readonly #select: StatementSync
  readonly #insert: StatementSync
  #bytes: number

  constructor(db: DatabaseSync, { version, maxBytes = 512 * 1024 * 1024 }: BlobCacheOptions) {
    this.#db = db
    this.#version = version
    this.#maxBytes = maxBytes
    this.#select = db.prepare('SELECT id, text, used FROM blob WHERE version = ? AND id IN (SELECT value FROM json_each(?))')
    this.#select.setReturnArrays(true)
    this.#insert = db.prepare('INSERT OR REPLACE INTO blob (version, id, used, bytes, text) VALUES (?, ?, ?, ?, ?)')
    this.#bytes = this.#countBytes()
  }

  get(ids: readonly string[]): Map<string, string> {
    const found = new Map<string, string>()
    const today = day()
    const unmarked: string[] = []
    for (let at = 0; at < ids.length; at += idsPerQuery) {
      const some = JSON.stringify(ids.slice(at, at + idsPerQuery))
      const rows = this.#select.iterate(this.#version, some) as Iterable<unknown> as Iterable<[string, string, number]>
      for (const [id, text, used] of rows) {
        found.set(id, text)
        if (used < today) unmarked.push(id)
      }
    }
    this.#markUsed(unmarked, today)
    return found
  }

  put(entries: Iterable<readonly [id: string, text: string]>): void {
    const today = day()
    this.#transact(() => {
      for (const [id, text] of entries) {
        const bytes = Buffer.byteLength(text)
        this.#insert.run(this.#version, id, today, bytes, text)
        this.#bytes += bytes
      }
      if (this.#bytes > this.#maxBytes) this.#shrink()
    })
  }

  close(): void {
    this.#db.close()
  }

  /** Notes the day of use, so that a restart writes each row at most once a day. */
  #markUsed(ids: readonly string[], today: number): void {
    if (ids.length === 0) return
    const statement = this.#db.prepare('UPDATE blob SET used = ? WHERE version = ? AND id IN (SELECT value FROM json_each(?))')
    statement.run(today, this.#version, JSON.stringify(ids))
  }

  /** Drops the entries used longest ago, of old versions first, down to nine tenths of the cap. */
  #shrink(): void {
    const goal = Math.floor(this.#maxBytes * 0.9)
    const statement = `
      DELETE FROM blob WHERE rowid IN (
        SELECT rowid FROM (
          SELECT rowid, SUM(bytes) OVER (ORDER BY version <> ?, used DESC, rowid DESC) AS total FROM blob
        ) WHERE total > ?
      )`
    this.#db.prepare(statement).run(this.#version, goal)
    this.#bytes = this.#countBytes()
  }

  #countBytes(): number {
    return Number(this.#db.prepare('SELECT COALESCE(SUM(bytes), 0) AS total FROM blob INDEXED BY blob_used').get()?.['total'] ?? 0)
  }

  #transact(body: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      body()
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

function day(): number {
  return Math.floor(Date.now() / 86_400_000)
}
