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

/** Layout of the tables; a file of another one is thrown away: a cache is never migrated. */
const layout = 3
/** Ids, or packs, of one query: enough to make it cheap, few enough to keep memory flat. */
const idsPerQuery = 500
const packsPerQuery = 64
/** Ids from which on it is asked whether these are most of all. */
const manyIds = 1000
/** Characters of a pack: the texts of a fleet are read in few rows, and one text costs little more than itself. */
const packLength = 65_536

const schema = `
  CREATE TABLE IF NOT EXISTS pack (
    id INTEGER PRIMARY KEY, used INTEGER NOT NULL, bytes INTEGER NOT NULL, version TEXT NOT NULL, text TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS pack_used ON pack (used, bytes);
  CREATE TABLE IF NOT EXISTS entry (
    version TEXT NOT NULL, id TEXT NOT NULL, pack INTEGER NOT NULL, PRIMARY KEY (version, id)
  ) WITHOUT ROWID;
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
    if (found !== 0 && found !== layout) db.exec('DROP TABLE IF EXISTS blob; DROP TABLE IF EXISTS pack; DROP TABLE IF EXISTS entry')
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
  readonly #packsOf: StatementSync
  readonly #select: StatementSync
  readonly #insertPack: StatementSync
  readonly #insertEntry: StatementSync
  #bytes: number

  constructor(db: DatabaseSync, { version, maxBytes = 512 * 1024 * 1024 }: BlobCacheOptions) {
    this.#db = db
    this.#version = version
    this.#maxBytes = maxBytes
    this.#packsOf = db.prepare('SELECT DISTINCT pack FROM entry WHERE version = ? AND id IN (SELECT value FROM json_each(?))')
    this.#packsOf.setReturnArrays(true)
    this.#select = db.prepare('SELECT id, used, text FROM pack WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id')
    this.#select.setReturnArrays(true)
    this.#insertPack = db.prepare('INSERT INTO pack (used, bytes, version, text) VALUES (?, ?, ?, ?)')
    this.#insertEntry = db.prepare('INSERT OR REPLACE INTO entry (version, id, pack) VALUES (?, ?, ?)')
    this.#bytes = this.#countBytes()
  }

  get(ids: readonly string[]): Map<string, string> {
    const found = new Map<string, string>()
    const wanted = new Set(ids)
    const today = day()
    const unmarked: number[] = []
    const packs = this.#areMost(ids) ? this.#allPacks() : this.#packs(ids)
    for (let at = 0; at < packs.length; at += packsPerQuery) {
      const rows = this.#select.all(JSON.stringify(packs.slice(at, at + packsPerQuery))) as unknown as [number, number, string][]
      for (const [pack, used, text] of rows) {
        // In the order of packs: where a text was put anew, the newer one counts.
        let isUsed = false
        for (const [id, one] of unpack(text)) {
          if (!wanted.has(id)) continue
          found.set(id, one)
          isUsed = true
        }
        if (isUsed && used < today) unmarked.push(pack)
      }
    }
    this.#markUsed(unmarked, today)
    return found
  }

  put(entries: Iterable<readonly [id: string, text: string]>): void {
    // A small cache has small packs, as they are dropped whole.
    const most = Math.min(packLength, this.#maxBytes / 20)
    this.#transact(() => {
      let some: (readonly [string, string])[] = []
      let length = 0
      for (const entry of entries) {
        some.push(entry)
        length += entry[1].length
        if (length < most) continue
        this.#putPack(some)
        some = []
        length = 0
      }
      if (some.length > 0) this.#putPack(some)
      if (this.#bytes > this.#maxBytes) this.#shrink()
    })
  }

  close(): void {
    this.#db.close()
  }

  #putPack(entries: readonly (readonly [string, string])[]): void {
    const replaced = this.#packs(entries.map(([id]) => id))
    const text = packOf(entries)
    const bytes = Buffer.byteLength(text)
    const pack = this.#insertPack.run(day(), bytes, this.#version, text).lastInsertRowid
    for (const [id] of entries) this.#insertEntry.run(this.#version, id, pack)
    this.#bytes += bytes
    if (replaced.length > 0) this.#dropEmpty(replaced)
  }

  /** The packs that hold these ids, in order. */
  #packs(ids: readonly string[]): number[] {
    const packs = new Set<number>()
    for (let at = 0; at < ids.length; at += idsPerQuery) {
      const some = JSON.stringify(ids.slice(at, at + idsPerQuery))
      for (const [pack] of this.#packsOf.all(this.#version, some) as unknown as [number][]) packs.add(pack)
    }
    return [...packs].sort((a, b) => a - b)
  }

  /** Whether it costs less to read all packs than to look for those that hold these ids. */
  #areMost(ids: readonly string[]): boolean {
    if (ids.length < manyIds) return false
    const all = Number(this.#db.prepare('SELECT COUNT(*) AS total FROM entry WHERE version = ?').get(this.#version)?.['total'] ?? 0)
    return ids.length > all / 2
  }

  #allPacks(): number[] {
    const statement = this.#db.prepare('SELECT id FROM pack WHERE version = ? ORDER BY id')
    statement.setReturnArrays(true)
    return (statement.all(this.#version) as unknown as [number][]).map(([pack]) => pack)
  }

  /** Notes the day of use, so that a restart writes each row at most once a day. */
  #markUsed(packs: readonly number[], today: number): void {
    if (packs.length === 0) return
    const statement = this.#db.prepare('UPDATE pack SET used = ? WHERE id IN (SELECT value FROM json_each(?))')
    statement.run(today, JSON.stringify(packs))
  }

  /** Drops those of these packs whose texts were all put anew. */
  #dropEmpty(packs: readonly number[]): void {
    const statement = `
      DELETE FROM pack WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT pack FROM entry WHERE version = ?)`
    if (this.#db.prepare(statement).run(JSON.stringify(packs), this.#version).changes > 0) this.#bytes = this.#countBytes()
  }

  /** Drops the packs used longest ago, of old versions first, down to nine tenths of the cap. */
  #shrink(): void {
    const goal = Math.floor(this.#maxBytes * 0.9)
    const statement = `
      DELETE FROM pack WHERE id IN (
        SELECT id FROM (
          SELECT id, SUM(bytes) OVER (ORDER BY version <> ?, used DESC, id DESC) AS total FROM pack
        ) WHERE total > ?
      )`
    this.#db.prepare(statement).run(this.#version, goal)
    this.#db.exec('DELETE FROM entry WHERE pack NOT IN (SELECT id FROM pack)')
    this.#bytes = this.#countBytes()
  }

  #countBytes(): number {
    return Number(this.#db.prepare('SELECT COALESCE(SUM(bytes), 0) AS total FROM pack INDEXED BY pack_used').get()?.['total'] ?? 0)
  }

  #transact(body: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      body()
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#db.exec('ROLLBACK')
      this.#bytes = this.#countBytes()
      throw error
    }
  }
}

function day(): number {
  return Math.floor(Date.now() / 86_400_000)
}

/** Texts in one row: in the first line each id and how many characters its text has, then the texts, one after the other. */
function packOf(entries: readonly (readonly [id: string, text: string])[]): string {
  const head = JSON.stringify(entries.flatMap(([id, text]) => [id, text.length]))
  return `${head}\n${entries.map(([, text]) => text).join('')}`
}

/** The texts of a pack; a damaged one gives none, or texts that whoever reads them finds damaged. */
function unpack(pack: string): [id: string, text: string][] {
  const end = pack.indexOf('\n')
  const head = headOf(pack.slice(0, end))
  const entries: [string, string][] = []
  let at = end + 1
  for (let index = 0; index < head.length; index += 2) {
    const length = Number(head[index + 1])
    entries.push([String(head[index]), pack.slice(at, at + length)])
    at += length
  }
  return entries
}

function headOf(line: string): readonly unknown[] {
  try {
    const head: unknown = JSON.parse(line)
    return Array.isArray(head) ? head : []
  } catch {
    return []
  }
}
