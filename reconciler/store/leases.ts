import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** A person's word that what is changed on a machine by hand stands for a time. */
export type LeaseRecord = {
  /** Of the VirtualMachine; it has one lease at most. */
  readonly key: ObjectKey
  readonly id: string
  readonly by: string
  readonly reason: string
  /** RFC 3339, UTC. */
  readonly at: string
  readonly until: string
  /** What becomes of the changes: they go, or a branch is written that has them. */
  readonly ending: 'revert' | 'adopt'
  /** The changes wait for Git to take them. */
  readonly kept?: {
    /** Digest of what Git wanted when the lease ended. */
    readonly wish: string
    readonly until: string
    /** Absent until it is written. */
    readonly branch?: string
  }
  /** Over; its host has not confirmed it yet. */
  readonly endedAt?: string
}

export type Leases = {
  list(): LeaseRecord[]
  get(key: ObjectKey): LeaseRecord | undefined
  put(lease: LeaseRecord): void
  delete(key: ObjectKey): void
}

export function leases(db: DatabaseSync): Leases {
  const all = db.prepare('SELECT * FROM leases ORDER BY key')
  const one = db.prepare('SELECT * FROM leases WHERE key = ?')
  const upsert = db.prepare(
    'INSERT OR REPLACE INTO leases (key, id, by, reason, at, until, ending, branch, wish, kept_until, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const remove = db.prepare('DELETE FROM leases WHERE key = ?')
  return {
    list: () => all.all().map(leaseOf),
    get: (key) => {
      const row = one.get(key)
      return row === undefined ? undefined : leaseOf(row)
    },
    put: ({ key, id, by, reason, at, until, ending, kept, endedAt }) =>
      void upsert.run(
        key,
        id,
        by,
        reason,
        at,
        until,
        ending,
        kept?.branch ?? null,
        kept?.wish ?? null,
        kept?.until ?? null,
        endedAt ?? null,
      ),
    delete: (key) => void remove.run(key),
  }
}

function leaseOf(row: Record<string, SQLOutputValue>): LeaseRecord {
  const text = (name: string): string => String(row[name])
  const kept = { wish: text('wish'), until: text('kept_until'), ...(row['branch'] === null ? {} : { branch: text('branch') }) }
  return {
    key: text('key'),
    id: text('id'),
    by: text('by'),
    reason: text('reason'),
    at: text('at'),
    until: text('until'),
    // What nobody can read gives nothing away.
    ending: row['ending'] === 'adopt' ? 'adopt' : 'revert',
    ...(row['kept_until'] === null ? {} : { kept }),
    ...(row['ended_at'] === null ? {} : { endedAt: text('ended_at') }),
  }
}
