import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { Plan } from '../../schemas/generated/plan.ts'
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

export type SentPlan = { readonly plan: Plan; readonly node: string; readonly sentAt: string }

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
  /** Newest first. */
  list(limit?: number): SentPlan[]
}

const mostReceipts = 100_000
const mostPlans = 200
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

/** The last 200 plans that were sent to agents; they carry no secret values. */
export function plans(db: DatabaseSync): Plans {
  const upsert = db.prepare('INSERT OR REPLACE INTO plans VALUES (?, ?, ?, ?, ?)')
  const prune = db.prepare('DELETE FROM plans WHERE id IN (SELECT id FROM plans ORDER BY sent_at DESC, rowid DESC LIMIT -1 OFFSET ?)')
  const select = db.prepare('SELECT * FROM plans WHERE id = ?')
  const all = db.prepare('SELECT * FROM plans ORDER BY sent_at DESC, rowid DESC LIMIT ?')
  return {
    put: ({ plan, node, sentAt }) => {
      upsert.run(plan.id, node, plan.revision, sentAt, JSON.stringify(plan))
      prune.run(mostPlans)
    },
    get: (id) => {
      const row = select.get(id)
      return row === undefined ? undefined : sentPlanOf(row)
    },
    list: (limit = mostPlans) => all.all(limit).map(sentPlanOf),
  }
}

function sentPlanOf(row: Record<string, SQLOutputValue>): SentPlan {
  return { plan: JSON.parse(String(row['body'])) as Plan, node: String(row['node']), sentAt: String(row['sent_at']) }
}
