import type { DatabaseSync } from 'node:sqlite'

/** An event as it is kept: body is the API object, the store does not look into it. */
export type EventRecord = {
  /** namespace/name of the Event object. */
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly lastSeen: number
  readonly body: Readonly<Record<string, unknown>>
}

export type EventRecords = {
  put(record: EventRecord): void
  delete(key: string): void
  /** Oldest first. */
  list(): EventRecord[]
}

export function eventRecords(db: DatabaseSync): EventRecords {
  const upsert = db.prepare('INSERT OR REPLACE INTO events VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM events WHERE key = ?')
  const all = db.prepare('SELECT * FROM events ORDER BY last_seen, key')
  return {
    put: (record) => void upsert.run(record.key, record.lastSeen, JSON.stringify(record.body)),
    delete: (key) => void remove.run(key),
    list: () =>
      all.all().map((row) => ({
        key: String(row['key']),
        lastSeen: Number(row['last_seen']),
        body: JSON.parse(String(row['body'])) as Record<string, unknown>,
      })),
  }
}
