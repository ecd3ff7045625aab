import type { NewsItem } from '../../schemas/generated/notification.ts'
import type { Clock } from '../lib/clock.ts'
import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { NewsRecords, ToldNews } from '../store/news-records.ts'
import { messageClass } from './message-class.ts'
import { longestInterval, speaksOf } from './rules.ts'
import type { InForce, News, NotifyRule, Severity } from './types.ts'

export type IntakeParts = {
  readonly records: NewsRecords
  readonly clock: Pick<Clock, 'now'>
  readonly rules: () => readonly NotifyRule[]
  readonly inForce: () => InForce | undefined
  /** Told of news that a rule passed over because it was told already. */
  readonly repeated: (rule: NotifyRule) => void
}

/**
 * Takes news as it is written to the store, in the same transaction: what was told there is queued here, and what is rolled back there is
 * rolled back here. It keeps nothing in memory.
 */
export type Intake = {
  /** True where something is to be sent now. */
  take(news: News, labels: () => Readonly<Record<string, string>>): boolean
  /** Troubles of an object are over; without reasons all of them. True where something is to be sent now. */
  over(key: ObjectKey, end: { readonly reasons?: ReadonlySet<string>; readonly message: string; readonly host?: string }): boolean
}

/** The first ones of a group are told whole, the others counted. */
const mostItems = 10
/** Reasons of one rule that are told apart; news of others is counted under `Other`. */
const mostGroups = 50
/** What was told of objects, over all rules; beyond, news is told without looking whether it was before. */
const mostTold = 100_000
const longestMessage = 1024
const forgetEvery = 1000

export function createIntake(parts: IntakeParts): Intake {
  const { records, clock } = parts
  let taken = 0
  let full = records.countTold() >= mostTold
  const forget = (now: number): void => {
    taken += 1
    if (taken % forgetEvery !== 0) return
    records.forgetBefore(now - longestInterval)
    full = records.countTold() >= mostTold
  }
  return {
    take: (news, labels) => {
      const now = clock.now().getTime()
      let due = false
      for (const rule of parts.rules()) {
        if (!speaksOf(rule, news, labels)) continue
        forget(now)
        const told = { rule: rule.name, key: news.key, reason: news.reason, class: classOf(news, parts.inForce()) }
        const before = records.told(told)
        if (before !== undefined && before.at > now - rule.repeat) {
          parts.repeated(rule)
          continue
        }
        if (before !== undefined || !full) records.tell({ ...told, at: now, standing: news.severity === 'warning' })
        if (!rule.severities.has(news.severity)) continue
        addToGroup(records, { rule: rule.name, type: news.severity, reason: news.reason, now }, itemOf(news, now, parts.inForce()))
        due = true
      }
      return due
    },
    over: (key, { reasons, ...end }) => {
      const now = clock.now().getTime()
      const ended = records.standing(key).filter(({ reason }) => reasons?.has(reason) ?? true)
      for (const one of ended) records.forget(one)
      return tellEnd(parts, ended, { key, now, ...end })
    },
  }
}

/** A trouble is the same under the next revision; what went well is told again for each. */
function classOf({ severity, message }: News, inForce: InForce | undefined): string {
  const same = messageClass(message)
  return severity === 'warning' ? same : `${same} ${inForce?.revision ?? ''}`
}

type End = { readonly key: ObjectKey; readonly now: number; readonly message: string; readonly host?: string }

function tellEnd({ records, rules, inForce }: IntakeParts, ended: readonly ToldNews[], { key, now, message, host }: End): boolean {
  // Several troubles of one object and reason end once.
  const ends = new Map(ended.map((one) => [`${one.rule} ${one.reason}`, one]))
  let due = false
  for (const { rule: name, reason } of ends.values()) {
    const rule = rules().find((one) => one.name === name)
    if (rule?.severities.has('recovery') !== true) continue
    const item = itemOf({ key, message, ...(host === undefined ? {} : { host }) }, now, inForce())
    addToGroup(records, { rule: name, type: 'recovery', reason, now }, item)
    due = true
  }
  return due
}

/** What is told of an object, for the message's JSON. */
function notifiedObject(key: ObjectKey): NewsItem['object'] {
  return parseKey(key)
}

function itemOf(news: Pick<News, 'key' | 'message' | 'host' | 'plan'>, now: number, inForce: InForce | undefined): NewsItem {
  return {
    time: new Date(now).toISOString(),
    object: notifiedObject(news.key),
    message: news.message.slice(0, longestMessage),
    ...(news.host === undefined ? {} : { host: news.host }),
    ...inForce,
    ...(news.plan === undefined ? {} : { plan: news.plan }),
  }
}

type Place = { readonly rule: string; readonly type: Severity; readonly reason: string; readonly now: number }

function addToGroup(records: NewsRecords, { rule, type, reason: wanted, now }: Place, item: NewsItem): void {
  const known = records.group(rule, type, wanted)
  const reason = known === undefined && records.groups(rule).length >= mostGroups ? 'Other' : wanted
  const group = known ?? records.group(rule, type, reason)
  const items = group === undefined ? [] : (JSON.parse(group.items) as NewsItem[])
  if (items.length < mostItems) items.push(item)
  const count = (group?.count ?? 0) + 1
  records.putGroup({ rule, type, reason, first: group?.first ?? now, last: now, count, items: JSON.stringify(items) })
}
