import type { DatabaseSync } from 'node:sqlite'

/** An event as it is kept: body is the API object, the store does not look into it. */
export type EventRecord = {
  /** namespace/name of the Event object. */
  readonly key: string
  /** Equal for events that are counted together. */
  readonly fingerprint: string
  /** Milliseconds since the epoch. */
  readonly lastSeen: number
  readonly body: Readonly<Record<string, unknown>>
}

export type EventRecords = {
  byFingerprint(fingerprint: string): EventRecord | undefined
  put(record: EventRecord): void
  /** Drops what was last seen before `since`, and the oldest beyond `most`; returns the keys that went. */
  prune(since: number, most: number): string[]
  /** Oldest first. */
  list(): EventRecord[]
}

export function eventRecords(db: DatabaseSync): EventRecords {
  const find = db.prepare('SELECT * FROM events WHERE fingerprint = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?)')
  const all = db.prepare('SELECT * FROM events ORDER BY last_seen, key')
  const expired = db.prepare('DELETE FROM events WHERE last_seen < ? RETURNING key')
  const beyond = db.prepare(
    'DELETE FROM events WHERE key IN (SELECT key FROM events ORDER BY last_seen DESC, key LIMIT -1 OFFSET ?) RETURNING key',
  )
  return {
    byFingerprint: (fingerprint) => {
      const row = find.get(fingerprint)
      return row === undefined ? undefined : fromRow(row)
    },
    put: (record) => void upsert.run(record.key, record.fingerprint, record.lastSeen, JSON.stringify(record.body)),
    prune: (since, most) => [...expired.all(since), ...beyond.all(most)].map((row) => String(row['key'])),
    list: () => all.all().map(fromRow),
  }
}

function fromRow(row: Record<string, unknown>): EventRecord {
  return {
    key: String(row['key']),
    fingerprint: String(row['fingerprint']),
    lastSeen: Number(row['last_seen']),
    body: JSON.parse(String(row['body'])) as Record<string, unknown>,
  }
}
