import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'

/** One receipt of the environment's chain, as its line. */
export type LedgerRecord = { readonly sequence: number; readonly digest: string; readonly commit: string; readonly line: string }

/** One end of one step; the same repair of the same revision has the same plan, and another time. */
export type StepEnd = { readonly plan: string; readonly step: string; readonly result: string; readonly at: string }

/** Receipts that are to be brought into Git notes, in order. */
export type NotesToPush = {
  pending(most: number): LedgerRecord[]
  /** All up to this sequence are in Git notes. */
  noted(sequence: number): void
}

/** The source that an object is of, and the commit whose note is to hold its receipt too. */
export type ReceiptCopy = { readonly source: string; readonly commit: string }

/** The chain of receipts: it only grows. */
export type LedgerRecords = NotesToPush & {
  head(): { readonly sequence: number; readonly digest: string } | undefined
  /** True where this end of this step is there already: agents report again what may not have arrived. */
  has(end: StepEnd): boolean
  append(record: LedgerRecord & StepEnd & { readonly copy?: ReceiptCopy | undefined }): void
  countPending(): number
  /** Of the receipts of another source's objects: what its own notes do not hold yet, with that source's commits. */
  copiesOf(source: string): NotesToPush
}

/** @param transaction runs its work in one transaction, joining one that is already open */
export function ledgerRecords(db: DatabaseSync, transaction: <T>(work: () => T) => T): LedgerRecords {
  const head = db.prepare('SELECT sequence, digest FROM ledger ORDER BY sequence DESC LIMIT 1')
  const has = db.prepare('SELECT 1 FROM ledger WHERE plan = ? AND step = ? AND result = ? AND at = ?')
  const insert = db.prepare('INSERT INTO ledger (sequence, digest, revision, line, plan, step, result, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const pending = db.prepare('SELECT sequence, digest, revision, line FROM ledger WHERE noted = 0 ORDER BY sequence LIMIT ?')
  const count = db.prepare('SELECT count(*) AS count FROM ledger WHERE noted = 0')
  const insertCopy = db.prepare('INSERT INTO ledger_copies VALUES (?, ?, ?)')
  const pendingCopies = db.prepare(
    `SELECT sequence, digest, copy.revision AS revision, line FROM ledger_copies AS copy JOIN ledger USING (sequence)
     WHERE source = ? ORDER BY sequence LIMIT ?`,
  )
  const dropCopies = db.prepare('DELETE FROM ledger_copies WHERE source = ? AND sequence <= ?')
  const noted = db.prepare('UPDATE ledger SET noted = 1 WHERE noted = 0 AND sequence <= ?')
  return {
    head: () => {
      const row = head.get()
      return row === undefined ? undefined : { sequence: Number(row['sequence']), digest: String(row['digest']) }
    },
    has: ({ plan, step, result, at }) => has.get(plan, step, result, at) !== undefined,
    append: ({ sequence, digest, commit, line, plan, step, result, at, copy }) => {
      transaction(() => {
        insert.run(sequence, digest, commit, line, plan, step, result, at)
        if (copy !== undefined) insertCopy.run(copy.source, sequence, copy.commit)
      })
    },
    pending: (most) => pending.all(most).map(recordOf),
    countPending: () => Number(count.get()?.['count'] ?? 0),
    noted: (sequence) => void noted.run(sequence),
    copiesOf: (source) => ({
      pending: (most) => pendingCopies.all(source, most).map(recordOf),
      noted: (sequence) => void dropCopies.run(source, sequence),
    }),
  }
}

function recordOf(row: Record<string, SQLOutputValue>): LedgerRecord {
  return {
    sequence: Number(row['sequence']),
    digest: String(row['digest']),
    commit: String(row['revision']),
    line: String(row['line']),
  }
}
