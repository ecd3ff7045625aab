import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
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
  /** Told when all that was due to a destination was tried: something else may be due now. */
  readonly idle?: () => void
  /** How long news is gathered before the first message, in milliseconds. */
  readonly gather: number
  readonly chance?: () => number
}

/** Makes messages of what waits, and delivers them. */
export type Courier = {
  /** Makes all that is due now, and begins to deliver it; waits for no destination. */
  round(): void
  /** When something is due next to a destination that is free, in milliseconds since 1970; undefined where nothing waits. */
  dueAt(): number | undefined
  /** Resolves once all that was begun is delivered or has failed. */
  delivered(): Promise<void>
  /** Makes a message of what waits of a rule, whatever its interval: the rule is about to end. */
  flush(rule: NotifyRule): void
  stop(): void
}

const hour = 3_600_000
const defaultPerHour = 60
const stumbleMs = 60_000

export function createCourier(parts: CourierParts): Courier {
  const { news } = parts.store
  const stopping = new AbortController()
  const now = (): number => parts.clock.now().getTime()
  /** What is under way, by destination: one that hangs holds up no other; within one, order stays. */
  const busy = new Map<string, Promise<void>>()
  const begin = (destination: string, some: readonly OutboxRecord[]): void => {
    const ended = (): void => {
      busy.delete(destination)
      if (!stopping.signal.aborted) parts.idle?.()
    }
    busy.set(destination, deliverAll(parts, some, stopping.signal).finally(ended))
  }
  return {
    round: () => {
      for (const rule of parts.rules()) if (composeAt(parts, rule) <= now()) composeNow(parts, rule, now())
      const due = news.outbox().filter((one) => one.dueAt <= now() && !busy.has(one.destination))
      for (const [destination, some] of Map.groupBy(due, (one) => one.destination)) begin(destination, some)
      news.forgetSentBefore(now() - longestInterval)
    },
    dueAt: () => {
      const free = news.outbox().filter(({ destination }) => !busy.has(destination))
      const first = Math.min(...parts.rules().map((rule) => composeAt(parts, rule)), ...free.map(({ dueAt }) => dueAt))
      return Number.isFinite(first) ? first : undefined
    },
    delivered: async () => void (await Promise.all(busy.values())),
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
  try {
    for (const record of some) if (signal.aborted || !(await deliver(parts, record, signal))) return
  } catch (error) {
    const destination = some[0]?.destination
    parts.log.error({ destination, error: describeError(error) }, 'notifications stumbled; they are tried again')
    // The store takes nothing now: what it says is due would be tried at once, and again.
    await setTimeout(stumbleMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

/** False where the destination takes no more for now. */
async function deliver(parts: CourierParts, record: OutboxRecord, signal: AbortSignal): Promise<boolean> {
  const { store, clock, log } = parts
  const { id, rule, destination } = record
  try {
    const to = await parts.destinations.get(destination)
    const free = freeAt(parts, destination, to)
    if (free > clock.now().getTime()) {
      putOff(parts, destination, free)
      return false
    }
    const answer = await parts.send(to, linked(JSON.parse(record.body) as Message, to), signal)
    store.transaction(() => {
      store.news.dropOutbox(id)
      store.news.sent(rule, destination, clock.now().getTime())
    })
    parts.told(destination, 'sent')
    log.info({ destination, rule, id, answer }, 'notification sent')
    return true
  } catch (error) {
    if (!signal.aborted) failed(parts, record, error)
    return false
  }
}

/** All that waits for a destination: where one message fails or is too much, each other would, and take as long for it. */
function putOff({ store }: CourierParts, destination: string, until: number): void {
  const early = store.news.outbox().filter((one) => one.destination === destination && one.dueAt < until)
  for (const one of early) store.news.putOutbox({ ...one, dueAt: until })
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

function failed(parts: CourierParts, record: OutboxRecord, error: unknown): void {
  const { store, clock, log, told, chance = Math.random } = parts
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
  // Behind the others, so that one that is never taken does not keep them back.
  store.news.putOutbox({ ...record, tries, dueAt: now + wait + 1 })
  putOff(parts, destination, now + wait)
  told(destination, 'failed')
  log.warn({ ...details, wait }, 'a notification could not be sent; it is tried again')
}
