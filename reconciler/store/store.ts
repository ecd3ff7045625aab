import type { DatabaseSync } from 'node:sqlite'
import { approvals, suspensions, type Approvals, type Suspensions } from './decisions.ts'
import { approvalRecords, type ApprovalRecords } from './approval-records.ts'
import { openDatabase } from './database.ts'
import { eventRecords, type EventRecords } from './event-records.ts'
import { applied, plans, receipts, type Applied, type Plans, type Receipts } from './history.ts'
import { leases, type Leases } from './leases.ts'
import { ledgerRecords, type LedgerRecords } from './ledger-records.ts'
import { newsRecords, type NewsRecords } from './news-records.ts'
import { objectRecords, type ObjectRecords } from './object-records.ts'
import { observations, type Observations } from './observations.ts'
import { codeVersion } from './rules-version.ts'
import { ownerRecords, type OwnerRecords } from './owner-records.ts'
import { pastRecords, type PastRecords } from './past-records.ts'
import { settledRecords, type SettledRecords } from './settled-records.ts'
import { toldRecords, type ToldRecords } from './told-records.ts'
import { tokens, type Tokens } from './tokens.ts'

/** Small named values, such as the resourceVersion counter. */
export type Settings = { get(name: string): string | undefined; put(name: string, value: string): void }

/** All that must survive a restart of the reconciler, in one SQLite file. Every call is synchronous. */
export type Store = {
  readonly settings: Settings
  readonly objects: ObjectRecords
  readonly events: EventRecords
  readonly observations: Observations
  readonly approvals: Approvals
  /** Approvals that signed commits gave. */
  readonly gitApprovals: ApprovalRecords
  readonly suspensions: Suspensions
  readonly leases: Leases
  readonly receipts: Receipts
  readonly ledger: LedgerRecords
  readonly applied: Applied
  readonly plans: Plans
  readonly tokens: Tokens
  readonly settled: SettledRecords
  readonly told: ToldRecords
  readonly news: NewsRecords
  readonly past: PastRecords
  readonly owners: OwnerRecords
  /** Runs work in one transaction; a throw rolls it back; a nested call joins the outer one. */
  transaction<T>(work: () => T): T
  /** True within a transaction, whoever opened it. */
  isInTransaction(): boolean
  close(): void
}

const versionSetting = 'codeVersion'

/**
 * Opens the store in a folder (made where missing). One process at a time writes; the caller holds the folder's lock.
 * @param version of the code: what another version found out about objects that did not change does not count
 * @throws GitvirtError `StoreUnusable`, `StoreTooNew`
 */
export function openStore(dir: string, version = codeVersion()): Store {
  const db = openDatabase(dir)
  const transaction = transactionOf(db)
  const small = settings(db)
  forgetFindings({ db, settings: small, transaction }, version)
  return {
    settings: small,
    objects: objectRecords(db),
    events: eventRecords(db),
    observations: observations(db, transaction),
    approvals: approvals(db),
    gitApprovals: approvalRecords(db),
    suspensions: suspensions(db),
    leases: leases(db),
    receipts: receipts(db),
    applied: applied(db),
    plans: plans(db),
    ledger: ledgerRecords(db, transaction),
    tokens: tokens(db),
    settled: settledRecords(db, transaction),
    told: toldRecords(db),
    news: newsRecords(db),
    past: pastRecords(db),
    owners: ownerRecords(db, transaction),
    transaction,
    isInTransaction: () => db.isTransaction,
    close: () => db.close(),
  }
}

type Parts = { readonly db: DatabaseSync; readonly settings: Settings; readonly transaction: Store['transaction'] }

function forgetFindings({ db, settings, transaction }: Parts, version: string): void {
  if (settings.get(versionSetting) === version) return
  transaction(() => {
    db.exec('DELETE FROM settled; DELETE FROM told')
    settings.put(versionSetting, version)
  })
}

function settings(db: DatabaseSync): Settings {
  const select = db.prepare('SELECT value FROM settings WHERE name = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)')
  return {
    get: (name) => {
      const value = select.get(name)?.['value']
      return typeof value === 'string' ? value : undefined
    },
    put: (name, value) => void upsert.run(name, value),
  }
}

function transactionOf(db: DatabaseSync): Store['transaction'] {
  return (work) => {
    if (db.isTransaction) return work()
    db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      db.exec('COMMIT')
      return result
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }
}
