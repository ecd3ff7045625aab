import type { DatabaseSync } from 'node:sqlite'

/** One receipt of the environment's chain, as its line. */
export type LedgerRecord = { readonly sequence: number; readonly digest: string; readonly commit: string; readonly line: string }

/** One end of one step; the same repair of the same revision has the same plan, and another time. */
export type StepEnd = { readonly plan: string; readonly step: string; readonly result: string; readonly at: string }

/** The chain of receipts: it only grows. */
export type LedgerRecords = {
  head(): { readonly sequence: number; readonly digest: string } | undefined
  /** True where this end of this step is there already: agents report again what may not have arrived. */
  has(end: StepEnd): boolean
  append(record: LedgerRecord & StepEnd): void
  /** What no Git note holds yet, in order. */
  pending(most: number): LedgerRecord[]
  countPending(): number
  /** All up to this sequence are in Git notes. */
  noted(sequence: number): void
}

export function ledgerRecords(db: DatabaseSync): LedgerRecords {
  const head = db.prepare('SELECT sequence, digest FROM ledger ORDER BY sequence DESC LIMIT 1')
  const has = db.prepare('SELECT 1 FROM ledger WHERE plan = ? AND step = ? AND result = ? AND at = ?')
  const insert = db.prepare('INSERT INTO ledger (sequence, digest, revision, line, plan, step, result, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const pending = db.prepare('SELECT sequence, digest, revision, line FROM ledger WHERE noted = 0 ORDER BY sequence LIMIT ?')
  const count = db.prepare('SELECT count(*) AS count FROM ledger WHERE noted = 0')
  const noted = db.prepare('UPDATE ledger SET noted = 1 WHERE noted = 0 AND sequence <= ?')
  return {
    head: () => {
      const row = head.get()
      return row === undefined ? undefined : { sequence: Number(row['sequence']), digest: String(row['digest']) }
    },
    has: ({ plan, step, result, at }) => has.get(plan, step, result, at) !== undefined,
    append: ({ sequence, digest, commit, line, plan, step, result, at }) =>
      void insert.run(sequence, digest, commit, line, plan, step, result, at),
    pending: (most) =>
      pending.all(most).map((row) => ({
        sequence: Number(row['sequence']),
        digest: String(row['digest']),
        commit: String(row['revision']),
        line: String(row['line']),
      })),
    countPending: () => Number(count.get()?.['count'] ?? 0),
    noted: (sequence) => void noted.run(sequence),
  }
}
