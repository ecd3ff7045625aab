import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'

/** What an object was from a time on, in milliseconds since 1970; without a body it was gone. */
export type PastState = { readonly key: ObjectKey; readonly at: number; readonly body?: string }

export type PastRevision = { readonly commit: string; readonly at: number }

/** A step that succeeded for an object on a node, of a revision. */
export type PastStep = { readonly key: ObjectKey; readonly node: string; readonly commit: string; readonly at: string }

/** What objects were and which revisions were in force: a row for each change, none for what stays. */
export type PastRecords = {
  /** False: no object has a row, so none need be looked for. */
  hasAny(): boolean
  has(key: ObjectKey): boolean
  append(state: PastState): void
  /** The row of each object that held at a time; of one object with `key`. */
  at(time: number, key?: ObjectKey): PastState[]
  count(): number
  /** Time of the row after so many, oldest first. */
  timeAfter(rows: number): number | undefined
  /** Drops rows that ended before a time: what held at that time stays. True where some were dropped. */
  dropBefore(time: number): boolean
  revision(revision: PastRevision): void
  revisionAt(time: number): PastRevision | undefined
  firstRevision(): PastRevision | undefined
  /** The newest receipt of each object and node that had ended by a time (RFC 3339, UTC). */
  steps(until: string, key?: ObjectKey): PastStep[]
}

export function pastRecords(db: DatabaseSync): PastRecords {
  return { ...stateRows(db), ...revisionRows(db), ...stepRows(db) }
}

type Row = Record<string, SQLOutputValue>

type States = 'hasAny' | 'has' | 'append' | 'at' | 'count' | 'timeAfter' | 'dropBefore'

function stateRows(db: DatabaseSync): Pick<PastRecords, States> {
  const any = db.prepare('SELECT 1 FROM past_states LIMIT 1')
  const one = db.prepare('SELECT 1 FROM past_states WHERE key = ? LIMIT 1')
  const insert = db.prepare('INSERT INTO past_states (key, at, body) VALUES (?, ?, ?)')
  const newest = 'SELECT max(id) FROM past_states WHERE at <= ?'
  const all = db.prepare(`SELECT key, at, body FROM past_states WHERE id IN (${newest} GROUP BY key) ORDER BY key`)
  const ofKey = db.prepare(`SELECT key, at, body FROM past_states WHERE id IN (${newest} AND key = ?)`)
  const count = db.prepare('SELECT count(*) AS count FROM past_states')
  const after = db.prepare('SELECT at FROM past_states ORDER BY id LIMIT 1 OFFSET ?')
  const dropEnded = db.prepare(`DELETE FROM past_states WHERE at < ?1 AND EXISTS (
    SELECT 1 FROM past_states AS later WHERE later.key = past_states.key AND later.id > past_states.id AND later.at <= ?1)`)
  const dropGone = db.prepare(`DELETE FROM past_states WHERE at < ?1 AND body IS NULL AND NOT EXISTS (
    SELECT 1 FROM past_states AS later WHERE later.key = past_states.key AND later.id > past_states.id)`)
  return {
    hasAny: () => any.get() !== undefined,
    has: (key) => one.get(key) !== undefined,
    append: ({ key, at, body }) => void insert.run(key, at, body ?? null),
    at: (time, key) => (key === undefined ? all.all(time) : ofKey.all(time, key)).map(stateOf),
    count: () => Number(count.get()?.['count'] ?? 0),
    timeAfter: (rows) => {
      const at = after.get(rows)?.['at']
      return typeof at === 'number' ? at : undefined
    },
    dropBefore: (time) => Number(dropEnded.run(time).changes) + Number(dropGone.run(time).changes) > 0,
  }
}

function stateOf(row: Row): PastState {
  const { body } = row
  return { key: String(row['key']), at: Number(row['at']), ...(typeof body === 'string' ? { body } : {}) }
}

type Revisions = 'revision' | 'revisionAt' | 'firstRevision'

/** About as many as anybody asks for: a revision a minute for two months. */
const mostRevisions = 100_000

function revisionRows(db: DatabaseSync): Pick<PastRecords, Revisions> {
  const insert = db.prepare('INSERT INTO past_revisions (commit_id, at) VALUES (?, ?)')
  const prune = db.prepare('DELETE FROM past_revisions WHERE id <= (SELECT max(id) FROM past_revisions) - ?')
  const newest = db.prepare('SELECT commit_id, at FROM past_revisions ORDER BY id DESC LIMIT 1')
  const at = db.prepare('SELECT commit_id, at FROM past_revisions WHERE at <= ? ORDER BY id DESC LIMIT 1')
  const first = db.prepare('SELECT commit_id, at FROM past_revisions ORDER BY id LIMIT 1')
  return {
    revision: (revision) => {
      if (revisionOf(newest.get())?.commit === revision.commit) return
      insert.run(revision.commit, revision.at)
      prune.run(mostRevisions)
    },
    revisionAt: (time) => revisionOf(at.get(time)),
    firstRevision: () => revisionOf(first.get()),
  }
}

function revisionOf(row: Row | undefined): PastRevision | undefined {
  return row === undefined ? undefined : { commit: String(row['commit_id']), at: Number(row['at']) }
}

/** From the chain of receipts, whose times are in UTC and so sort as texts. */
function stepRows(db: DatabaseSync): Pick<PastRecords, 'steps'> {
  const fields = `json_extract(line, '$.object') AS key, json_extract(line, '$.node') AS node, revision, json_extract(line, '$.endedAt') AS at`
  const where = `result = 'succeeded' AND json_extract(line, '$.endedAt') <= ?`
  const group = 'GROUP BY key, node ORDER BY key, node'
  const all = db.prepare(`SELECT ${fields}, max(sequence) FROM ledger WHERE ${where} ${group}`)
  const ofKey = db.prepare(`SELECT ${fields}, max(sequence) FROM ledger WHERE ${where} AND step LIKE '%:' || ? ${group}`)
  return {
    steps: (until, key) =>
      (key === undefined ? all.all(until) : ofKey.all(until, key))
        .map((row) => ({ key: String(row['key']), node: String(row['node']), commit: String(row['revision']), at: String(row['at']) }))
        .filter((step) => key === undefined || step.key === key),
  }
}
