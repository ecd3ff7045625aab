import { createHash, randomBytes } from 'node:crypto'
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'

export type TokenInfo = {
  readonly name: string
  readonly groups: readonly string[]
  readonly createdAt: string
  readonly expiresAt?: string
}

export type Tokens = {
  /** Makes a token of 256 random bits and keeps only its hash; the text is shown once. A name that exists is replaced. */
  issue(info: TokenInfo): string
  /** Whose token this is, unless it is unknown or expired at `now`. */
  verify(token: string, now: Date): TokenInfo | undefined
  list(): TokenInfo[]
  revoke(name: string): boolean
}

/** Bearer tokens of the API. sha256 without salt is enough for random tokens: there is nothing to guess. */
export function tokens(db: DatabaseSync): Tokens {
  const upsert = db.prepare('INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)')
  const select = db.prepare('SELECT * FROM tokens WHERE hash = ?')
  const all = db.prepare('SELECT * FROM tokens ORDER BY name')
  const remove = db.prepare('DELETE FROM tokens WHERE name = ?')
  return {
    issue: (info) => {
      const token = `gvt_${randomBytes(32).toString('base64url')}`
      upsert.run(hashOf(token), info.name, JSON.stringify(info.groups), info.createdAt, info.expiresAt ?? null)
      return token
    },
    verify: (token, now) => {
      const row = select.get(hashOf(token))
      const info = row === undefined ? undefined : infoOf(row)
      return info?.expiresAt !== undefined && Date.parse(info.expiresAt) <= now.getTime() ? undefined : info
    },
    list: () => all.all().map(infoOf),
    revoke: (name) => Number(remove.run(name).changes) > 0,
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function infoOf(row: Record<string, SQLOutputValue>): TokenInfo {
  return {
    name: String(row['name']),
    groups: JSON.parse(String(row['groups'])) as string[],
    createdAt: String(row['created_at']),
    ...(typeof row['expires_at'] === 'string' ? { expiresAt: row['expires_at'] } : {}),
  }
}
