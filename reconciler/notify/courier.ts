import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { describeError, errorCode } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { OutboxRecord } from '../store/news-records.ts'
import type { Store } from '../store/store.ts'
import { giveUpMs, retryDelay } from './backoff.ts'
import { compose } from './compose.ts'
import type { Destination, Destinations } from './destinations.ts'
import { longestInterval } from './rules.ts'
import type { InForce, Message, NotifyRule } from './types.ts'

/** Sends one message, and returns the server's answer. */
export type Send = (to: Destination, message: Message, signal: AbortSignal) => Promise<string>

export type Outcome = 'sent' | 'failed' | 'given up'

export type CourierParts = {
  readonly store: Pick<Store, 'news' | 'transaction'>
  readonly destinations: Destinations
  readonly send: Send
  readonly environment: string
  readonly rules: () => readonly NotifyRule[]
  readonly inForce: () => InForce | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly told: (destination: string, outcome: Outcome) => void
  /** How long news is gathered before the first message, in milliseconds. */
  readonly gather: number
  readonly chance?: () => number
}

/** Makes messages of what waits, and delivers them. */
export type Courier = {
  /** Makes and delivers all that is due now. */
  round(): Promise<void>
  /** When something is due next, in milliseconds since 1970; undefined where nothing waits. */
  dueAt(): number | undefined
  /** Makes a message of what waits of a rule, whatever its interval: the rule is about to end. */
  flush(rule: NotifyRule): void
  stop(): void
}

const hour = 3_600_000
const defaultPerHour = 60

export function createCourier(parts: CourierParts): Courier {
  const stopping = new AbortController()
  const now = (): number => parts.clock.now().getTime()
  return {
    round: async () => {
      for (const rule of parts.rules()) if (composeAt(parts, rule) <= now()) composeNow(parts, rule, now())
      const due = parts.store.news.outbox().filter((one) => one.dueAt <= now())
      // A destination that hangs holds up no other; within one, order stays.
      const byDestination = Map.groupBy(due, ({ destination }) => destination)
      await Promise.all([...byDestination.values()].map(async (some) => await deliverAll(parts, some, stopping.signal)))
      parts.store.news.forgetSentBefore(now() - longestInterval)
    },
    dueAt: () => {
      const times = [...parts.rules().map((rule) => composeAt(parts, rule)), ...parts.store.news.outbox().map(({ dueAt }) => dueAt)]
      const first = Math.min(...times)
      return Number.isFinite(first) ? first : undefined
    },
    flush: (rule) => composeNow(parts, rule, now()),
    stop: () => stopping.abort(),
  }
}

/** When a rule's groups become a message: never while an earlier one of it is not delivered; infinite where nothing waits. */
function composeAt({ store, gather }: CourierParts, rule: NotifyRule): number {
  const { news } = store
  const waiting = news.waiting().find((one) => one.rule === rule.name)
  if (waiting === undefined || news.outbox().some((one) => one.rule === rule.name)) return Number.POSITIVE_INFINITY
  const last = news.lastSent(rule.name)
  return Math.max(waiting.first + gather, last === undefined ? 0 : last + rule.interval)
}

function composeNow({ store, environment, inForce }: CourierParts, rule: NotifyRule, now: number): void {
  const { news } = store
  const groups = news.groups(rule.name)
  if (groups.length === 0) return
  const id = randomUUID()
  const body = JSON.stringify(compose({ id, environment, rule: rule.name, groups, inForce: inForce() }))
  store.transaction(() => {
    news.putOutbox({ id, rule: rule.name, destination: rule.to, madeAt: now, dueAt: now, tries: 0, body })
    news.dropGroups(rule.name)
  })
}

async function deliverAll(parts: CourierParts, some: readonly OutboxRecord[], signal: AbortSignal): Promise<void> {
  for (const record of some) if (!signal.aborted) await deliver(parts, record, signal)
}

async function deliver(parts: CourierParts, record: OutboxRecord, signal: AbortSignal): Promise<void> {
  const { store, clock, log } = parts
  const { id, rule, destination } = record
  try {
    const to = await parts.destinations.get(destination)
    const free = freeAt(parts, destination, to)
    if (free > clock.now().getTime()) {
      store.news.putOutbox({ ...record, dueAt: free })
      return
    }
    const answer = await parts.send(to, linked(JSON.parse(record.body) as Message, to), signal)
    store.transaction(() => {
      store.news.dropOutbox(id)
      store.news.sent(rule, destination, clock.now().getTime())
    })
    parts.told(destination, 'sent')
    log.info({ destination, rule, id, answer }, 'notification sent')
  } catch (error) {
    if (!signal.aborted) failed(parts, record, error)
  }
}

/** When the operator's limit lets the next message through. */
function freeAt({ store, clock }: CourierParts, destination: string, { mostPerHour = defaultPerHour }: Destination): number {
  const sent = store.news.sentSince(destination, clock.now().getTime() - hour)
  const blocking = sent.at(-mostPerHour)
  return blocking === undefined ? 0 : blocking + hour
}

function linked(message: Message, { link }: Destination): Message {
  if (link === undefined || (link.includes('{revision}') && message.revision === undefined)) return message
  return { ...message, link: link.replaceAll('{revision}', message.revision ?? '') }
}

function failed({ store, clock, log, told, chance = Math.random }: CourierParts, record: OutboxRecord, error: unknown): void {
  const { id, rule, destination } = record
  const now = clock.now().getTime()
  const tries = record.tries + 1
  const details = { destination, rule, id, tries, code: errorCode(error), error: describeError(error) }
  if (now - record.madeAt >= giveUpMs) {
    store.news.dropOutbox(id)
    told(destination, 'given up')
    log.error(
      { ...details, count: (JSON.parse(record.body) as Message).count },
      'a notification is given up: it could not be delivered for a day',
    )
    return
  }
  const wait = retryDelay(tries, chance())
  store.news.putOutbox({ ...record, tries, dueAt: now + wait })
  told(destination, 'failed')
  log.warn({ ...details, wait }, 'a notification could not be sent; it is tried again')
}
