import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** One step that an agent reported. */
export type Receipt = {
  readonly plan: string
  readonly step: string
  readonly key: ObjectKey
  readonly node: string
  readonly state: 'started' | 'done' | 'failed'
  readonly at: string
  readonly code?: string
  readonly message?: string
}

export type AppliedRecord = { readonly key: ObjectKey; readonly node: string; readonly revision: string; readonly at: string }

/** A sealed plan that went to an agent: which revision it carries out, and the paths of the fields that its steps bring. */
export type SentPlan = {
  readonly id: string
  readonly node: string
  readonly revision: string
  readonly sentAt: string
  readonly fields: Readonly<Record<string, readonly string[]>>
}

export type Receipts = {
  append(receipt: Receipt): void
  /** Newest first. */
  list(filter?: { readonly key?: ObjectKey; readonly limit?: number }): Receipt[]
}

/** The revision that each object was last applied from, per node. */
export type Applied = {
  put(record: AppliedRecord): void
  get(key: ObjectKey): AppliedRecord[]
  delete(key: ObjectKey, node: string): void
}

export type Plans = {
  put(plan: SentPlan): void
  get(id: string): SentPlan | undefined
}

const mostReceipts = 100_000
const mostPlans = 10_000
const pruneEvery = 500

/** Append-only but for its oldest entries beyond 100,000. */
export function receipts(db: DatabaseSync): Receipts {
  const insert = db.prepare('INSERT INTO receipts (plan, step, key, node, state, at, code, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const prune = db.prepare('DELETE FROM receipts WHERE id <= (SELECT max(id) FROM receipts) - ?')
  const byKey = db.prepare('SELECT * FROM receipts WHERE key = ? ORDER BY id DESC LIMIT ?')
  const all = db.prepare('SELECT * FROM receipts ORDER BY id DESC LIMIT ?')
  return {
    append: (receipt) => {
      const { plan, step, key, node, state, at, code, message } = receipt
      const done = insert.run(plan, step, key, node, state, at, code ?? null, message ?? null)
      if (Number(done.lastInsertRowid) % pruneEvery === 0) prune.run(mostReceipts)
    },
    list: ({ key, limit = 1000 } = {}) => (key === undefined ? all.all(limit) : byKey.all(key, limit)).map(receiptOf),
  }
}

function receiptOf(row: Record<string, SQLOutputValue>): Receipt {
  return {
    plan: String(row['plan']),
    step: String(row['step']),
    key: String(row['key']),
    node: String(row['node']),
    state: String(row['state']) as Receipt['state'],
    at: String(row['at']),
    ...(typeof row['code'] === 'string' ? { code: row['code'] } : {}),
    ...(typeof row['message'] === 'string' ? { message: row['message'] } : {}),
  }
}

export function applied(db: DatabaseSync): Applied {
  const upsert = db.prepare('INSERT OR REPLACE INTO applied VALUES (?, ?, ?, ?)')
  const select = db.prepare('SELECT * FROM applied WHERE key = ? ORDER BY node')
  const remove = db.prepare('DELETE FROM applied WHERE key = ? AND node = ?')
  return {
    put: (record) => void upsert.run(record.key, record.node, record.revision, record.at),
    get: (key) =>
      select.all(key).map((row) => ({
        key,
        node: String(row['node']),
        revision: String(row['revision']),
        at: String(row['at']),
      })),
    delete: (key, node) => void remove.run(key, node),
  }
}

/** The last plans that were sent to agents, about 10,000; only what tells one from another. */
export function plans(db: DatabaseSync): Plans {
  const upsert = db.prepare('INSERT OR REPLACE INTO plans (id, node, revision, sent_at, body) VALUES (?, ?, ?, ?, ?)')
  const prune = db.prepare('DELETE FROM plans WHERE id IN (SELECT id FROM plans ORDER BY sent_at DESC, rowid DESC LIMIT -1 OFFSET ?)')
  const select = db.prepare('SELECT id, node, revision, sent_at, body FROM plans WHERE id = ?')
  let puts = 0
  return {
    put: ({ id, node, revision, sentAt, fields }) => {
      upsert.run(id, node, revision, sentAt, JSON.stringify(fields))
      puts += 1
      if (puts % pruneEvery === 0) prune.run(mostPlans)
    },
    get: (id) => {
      const row = select.get(id)
      return row === undefined
        ? undefined
        : {
            id: String(row['id']),
            node: String(row['node']),
            revision: String(row['revision']),
            sentAt: String(row['sent_at']),
            fields: JSON.parse(String(row['body'])) as SentPlan['fields'],
          }
    },
  }
}
