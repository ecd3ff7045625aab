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
  /** The body of one. */
  get(key: string): EventRecord['body'] | undefined
  /** Keys and times of all, oldest first. */
  list(): (readonly [key: string, lastSeen: number])[]
}

export function eventRecords(db: DatabaseSync): EventRecords {
  const upsert = db.prepare('INSERT OR REPLACE INTO events VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM events WHERE key = ?')
  const all = db.prepare('SELECT key, last_seen FROM events ORDER BY last_seen, key')
  all.setReturnArrays(true)
  const one = db.prepare('SELECT body FROM events WHERE key = ?')
  return {
    put: (record) => void upsert.run(record.key, record.lastSeen, JSON.stringify(record.body)),
    delete: (key) => void remove.run(key),
    get: (key) => {
      const body = one.get(key)?.['body']
      return typeof body === 'string' ? (JSON.parse(body) as Record<string, unknown>) : undefined
    },
    list: () => all.all() as unknown as [string, number][],
  }
}
