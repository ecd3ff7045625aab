import type { DatabaseSync } from 'node:sqlite'
import type { ObjectKey } from '../lib/object-key.ts'
import { numbers, texts, type Row } from './columns.ts'

/** What a rule told of an object last; `standing` while the trouble that it told goes on. Times are milliseconds since 1970. */
export type ToldNews = {
  readonly rule: string
  readonly key: ObjectKey
  readonly reason: string
  readonly class: string
  readonly at: number
  readonly standing: boolean
}

/** News of one rule, type and reason that waits to be sent: how many, and the first ones as JSON. */
export type NewsGroupRecord = {
  readonly rule: string
  readonly type: string
  readonly reason: string
  readonly first: number
  readonly last: number
  readonly count: number
  readonly items: string
}

/** A message that is to be delivered, whole. */
export type OutboxRecord = {
  readonly id: string
  readonly rule: string
  readonly destination: string
  readonly madeAt: number
  readonly dueAt: number
  readonly tries: number
  readonly body: string
}

/** What waits to be told, and what was: bounded by rules times reasons, not by what happens. */
export type NewsRecords = {
  told(news: Omit<ToldNews, 'at' | 'standing'>): ToldNews | undefined
  tell(news: ToldNews): void
  /** Troubles of an object that were told and go on. */
  standing(key: ObjectKey): ToldNews[]
  /** Keys of all objects with such troubles. */
  standingKeys(): ObjectKey[]
  countTold(): number
  forget(news: Omit<ToldNews, 'at' | 'standing'>): void
  /** Drops what was told before a time, but for troubles that go on. */
  forgetBefore(at: number): void
  /** Drops all that a rule told. */
  forgetRule(rule: string): void
  group(rule: string, type: string, reason: string): NewsGroupRecord | undefined
  putGroup(group: NewsGroupRecord): void
  groups(rule: string): NewsGroupRecord[]
  /** Rules with groups. */
  waiting(): { readonly rule: string; readonly first: number; readonly count: number }[]
  dropGroups(rule: string): void
  /** All, the ones that are due first in front. */
  outbox(): OutboxRecord[]
  putOutbox(record: OutboxRecord): void
  dropOutbox(id: string): void
  sent(rule: string, destination: string, at: number): void
  lastSent(rule: string): number | undefined
  /** Times after `at` at which a destination was sent something, oldest first. */
  sentSince(destination: string, at: number): number[]
  forgetSentBefore(at: number): void
}

export function newsRecords(db: DatabaseSync): NewsRecords {
  return { ...toldNews(db), ...groupRecords(db), ...outboxRecords(db) }
}

type Told = 'told' | 'tell' | 'standing' | 'standingKeys' | 'countTold' | 'forget' | 'forgetBefore' | 'forgetRule'

function toldNews(db: DatabaseSync): Pick<NewsRecords, Told> {
  const one = db.prepare('SELECT * FROM news_told WHERE rule = ? AND key = ? AND reason = ? AND class = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO news_told VALUES (?, ?, ?, ?, ?, ?)')
  const standing = db.prepare('SELECT * FROM news_told WHERE key = ? AND standing = 1')
  const keys = db.prepare('SELECT DISTINCT key FROM news_told WHERE standing = 1')
  const count = db.prepare('SELECT count(*) AS count FROM news_told')
  const remove = db.prepare('DELETE FROM news_told WHERE rule = ? AND key = ? AND reason = ? AND class = ?')
  const removeOld = db.prepare('DELETE FROM news_told WHERE standing = 0 AND at < ?')
  const removeRule = db.prepare('DELETE FROM news_told WHERE rule = ?')
  return {
    told: ({ rule, key, reason, class: kind }) => one.all(rule, key, reason, kind).map(toldOf)[0],
    tell: ({ rule, key, reason, class: kind, at, standing: goesOn }) => void upsert.run(rule, key, reason, kind, at, goesOn ? 1 : 0),
    standing: (key) => standing.all(key).map(toldOf),
    standingKeys: () => keys.all().map((row) => String(row['key'])),
    countTold: () => Number(count.get()?.['count'] ?? 0),
    forget: ({ rule, key, reason, class: kind }) => void remove.run(rule, key, reason, kind),
    forgetBefore: (at) => void removeOld.run(at),
    forgetRule: (rule) => void removeRule.run(rule),
  }
}

function toldOf(row: Row): ToldNews {
  return { ...texts(row, 'rule', 'key', 'reason', 'class'), ...numbers(row, 'at'), standing: row['standing'] === 1 }
}

type Groups = 'group' | 'putGroup' | 'groups' | 'waiting' | 'dropGroups'

function groupRecords(db: DatabaseSync): Pick<NewsRecords, Groups> {
  const one = db.prepare('SELECT * FROM news_groups WHERE rule = ? AND type = ? AND reason = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO news_groups VALUES (?, ?, ?, ?, ?, ?, ?)')
  const ofRule = db.prepare('SELECT * FROM news_groups WHERE rule = ? ORDER BY first, type, reason')
  const waiting = db.prepare('SELECT rule, min(first) AS first, sum(count) AS count FROM news_groups GROUP BY rule ORDER BY first')
  const remove = db.prepare('DELETE FROM news_groups WHERE rule = ?')
  return {
    group: (rule, type, reason) => one.all(rule, type, reason).map(groupOf)[0],
    putGroup: ({ rule, type, reason, first, last, count, items }) => void upsert.run(rule, type, reason, first, last, count, items),
    groups: (rule) => ofRule.all(rule).map(groupOf),
    waiting: () => waiting.all().map((row) => ({ ...texts(row, 'rule'), ...numbers(row, 'first', 'count') })),
    dropGroups: (rule) => void remove.run(rule),
  }
}

function groupOf(row: Row): NewsGroupRecord {
  return { ...texts(row, 'rule', 'type', 'reason', 'items'), ...numbers(row, 'first', 'last', 'count') }
}

type Outbox = 'outbox' | 'putOutbox' | 'dropOutbox' | 'sent' | 'lastSent' | 'sentSince' | 'forgetSentBefore'

function outboxRecords(db: DatabaseSync): Pick<NewsRecords, Outbox> {
  const all = db.prepare('SELECT *, made_at AS madeAt, due_at AS dueAt FROM news_outbox ORDER BY due_at, made_at, id')
  const upsert = db.prepare('INSERT OR REPLACE INTO news_outbox VALUES (?, ?, ?, ?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM news_outbox WHERE id = ?')
  const sent = db.prepare('INSERT INTO news_sent (rule, destination, at) VALUES (?, ?, ?)')
  const last = db.prepare('SELECT max(at) AS at FROM news_sent WHERE rule = ?')
  const since = db.prepare('SELECT at FROM news_sent WHERE destination = ? AND at > ? ORDER BY at')
  const removeSent = db.prepare('DELETE FROM news_sent WHERE at < ?')
  return {
    outbox: () => all.all().map(outboxOf),
    putOutbox: ({ id, rule, destination, madeAt, dueAt, tries, body }) =>
      void upsert.run(id, rule, destination, madeAt, dueAt, tries, body),
    dropOutbox: (id) => void remove.run(id),
    sent: (rule, destination, at) => void sent.run(rule, destination, at),
    lastSent: (rule) => {
      const at = last.get(rule)?.['at']
      return typeof at === 'number' ? at : undefined
    },
    sentSince: (destination, at) => since.all(destination, at).map((row) => Number(row['at'])),
    forgetSentBefore: (at) => void removeSent.run(at),
  }
}

function outboxOf(row: Row): OutboxRecord {
  return { ...texts(row, 'id', 'rule', 'destination', 'body'), ...numbers(row, 'madeAt', 'dueAt', 'tries') }
}
