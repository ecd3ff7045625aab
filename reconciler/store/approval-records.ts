import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** An approval of one change that a signed commit gave. */
export type SignedRecord = {
  readonly key: ObjectKey
  /** Digest of what was approved. */
  readonly plan: string
  readonly by: string
  readonly signer: { readonly name: string; readonly fingerprint: string }
  readonly commit: string
  readonly at: string
  /** When the commit was made; absent while that cannot be told, so that it counts for nothing. */
  readonly made?: string
}

/** Stands for every file, whatever else is known of it. No path of Git holds two slashes in a row. */
export const everyFile = '//'

/** An approval in Git that has named nothing yet that waits. */
export type PendingRecord = { readonly commit: string; readonly token: string }

export type ApprovalRecords = {
  signed(): SignedRecord[]
  give(record: SignedRecord): void
  /** What a commit gave counts from its time on, or for nothing while it cannot be looked at. */
  confirm(commit: string, made: string | undefined): void
  /** Drops what was given for this object. */
  drop(key: ObjectKey): void
  /** Takes back what a commit gave, and what it may still give. */
  revoke(commit: string): void
  pending(): PendingRecord[]
  /** Does nothing for one that was settled before. */
  await(record: PendingRecord): void
  /** It has named what it was given for, and never does so again. */
  settle(record: PendingRecord): void
  /** Notes who changed a file by a commit; the empty path stands for every file of which nothing else is known, `everyFile` for all. */
  wrote(path: string, commit: string, people: readonly string[]): void
  /** Who changed these files, since it was last forgotten. */
  writers(paths: Iterable<string>): string[]
  /** Files of which writers are known. */
  written(): string[]
  forgetWriters(path: string): void
}

export function approvalRecords(db: DatabaseSync): ApprovalRecords {
  const signed = db.prepare('SELECT * FROM signed_approvals ORDER BY key, at, fingerprint')
  const give = db.prepare(
    'INSERT OR REPLACE INTO signed_approvals (key, plan, fingerprint, name, commit_id, at, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const confirm = db.prepare('UPDATE signed_approvals SET made_at = ? WHERE commit_id = ? AND made_at IS NOT ?')
  const drop = db.prepare('DELETE FROM signed_approvals WHERE key = ?')
  const revoked = ['signed_approvals', 'pending_approvals'].map((table) => db.prepare(`DELETE FROM ${table} WHERE commit_id = ?`))
  const pending = db.prepare('SELECT commit_id, token FROM pending_approvals ORDER BY commit_id, token')
  const wait = db.prepare(
    `INSERT OR IGNORE INTO pending_approvals (commit_id, token)
     SELECT :commit, :token WHERE NOT EXISTS (SELECT 1 FROM used_approvals WHERE commit_id = :commit AND token = :token)`,
  )
  const use = db.prepare('INSERT OR IGNORE INTO used_approvals (commit_id, token) VALUES (?, ?)')
  const settle = db.prepare('DELETE FROM pending_approvals WHERE commit_id = ? AND token = ?')
  const wrote = db.prepare('INSERT OR REPLACE INTO change_writers (path, commit_id, people) VALUES (?, ?, ?)')
  const writers = db.prepare('SELECT people FROM change_writers WHERE path = ?')
  const written = db.prepare('SELECT DISTINCT path FROM change_writers')
  const forget = db.prepare('DELETE FROM change_writers WHERE path = ?')
  return {
    signed: () =>
      signed.all().map((row) => ({
        key: String(row['key']),
        plan: String(row['plan']),
        by: String(row['name']),
        signer: { name: String(row['name']), fingerprint: String(row['fingerprint']) },
        commit: String(row['commit_id']),
        at: String(row['at']),
        ...(typeof row['made_at'] === 'string' ? { made: row['made_at'] } : {}),
      })),
    give: ({ key, plan, signer, commit, at, made }) => void give.run(key, plan, signer.fingerprint, signer.name, commit, at, made ?? null),
    confirm: (commit, made) => void confirm.run(made ?? null, commit, made ?? null),
    drop: (key) => void drop.run(key),
    revoke: (commit) => revoked.forEach((statement) => statement.run(commit)),
    pending: () => pending.all().map((row) => ({ commit: String(row['commit_id']), token: String(row['token']) })),
    await: ({ commit, token }) => void wait.run({ commit, token }),
    settle: ({ commit, token }) => {
      use.run(commit, token)
      settle.run(commit, token)
    },
    wrote: (path, commit, people) => void wrote.run(path, commit, JSON.stringify(people)),
    writers: (paths) => {
      const found = new Set<string>()
      const take = (rows: ReturnType<typeof writers.all>): void => {
        for (const row of rows) for (const one of JSON.parse(String(row['people'])) as string[]) found.add(one)
      }
      take(writers.all(everyFile))
      for (const path of paths) {
        const own = writers.all(path)
        take(own.length === 0 ? writers.all('') : own)
      }
      return [...found]
    },
    written: () => written.all().map((row) => String(row['path'])),
    forgetWriters: (path) => void forget.run(path),
  }
}
