import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** What a person allowed: a plan by its id, or one object's change. */
export type ApprovalRecord = { readonly plan?: string; readonly key?: ObjectKey; readonly by: string; readonly at: string }

export type SuspensionRecord = {
  readonly key: ObjectKey
  readonly by: string
  readonly reason: string
  readonly at: string
  /** RFC 3339, UTC: when it ends by itself; absent: when somebody ends it. */
  readonly until?: string
}

export type Approvals = {
  list(): ApprovalRecord[]
  add(approval: ApprovalRecord): void
  /** Drops what was given for this object. */
  drop(key: ObjectKey): void
}

export type Suspensions = {
  list(): SuspensionRecord[]
  put(suspension: SuspensionRecord): void
  /** True where there was one. */
  delete(key: ObjectKey): boolean
}

export function approvals(db: DatabaseSync): Approvals {
  const all = db.prepare('SELECT * FROM approvals ORDER BY id')
  const remove = db.prepare('DELETE FROM approvals WHERE plan IS ? AND key IS ?')
  const insert = db.prepare('INSERT INTO approvals (plan, key, by, at) VALUES (?, ?, ?, ?)')
  const drop = db.prepare('DELETE FROM approvals WHERE key = ?')
  return {
    list: () =>
      all.all().map((row) => ({
        ...(typeof row['plan'] === 'string' ? { plan: row['plan'] } : {}),
        ...(typeof row['key'] === 'string' ? { key: row['key'] } : {}),
        by: String(row['by']),
        at: String(row['at']),
      })),
    add: (approval) => {
      remove.run(approval.plan ?? null, approval.key ?? null)
      insert.run(approval.plan ?? null, approval.key ?? null, approval.by, approval.at)
    },
    drop: (key) => void drop.run(key),
  }
}

export function suspensions(db: DatabaseSync): Suspensions {
  const all = db.prepare('SELECT * FROM suspensions ORDER BY key')
  const upsert = db.prepare('INSERT OR REPLACE INTO suspensions (key, by, reason, at, until) VALUES (?, ?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM suspensions WHERE key = ?')
  return {
    list: () =>
      all.all().map((row) => ({
        key: String(row['key']),
        by: String(row['by']),
        reason: String(row['reason']),
        at: String(row['at']),
        ...(typeof row['until'] === 'string' ? { until: row['until'] } : {}),
      })),
    put: ({ key, by, reason, at, until }) => void upsert.run(key, by, reason, at, until ?? null),
    delete: (key) => Number(remove.run(key).changes) > 0,
  }
}
