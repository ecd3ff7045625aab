import { randomUUID } from 'node:crypto'
import type { FleetSpec, NotificationRule } from '../../schemas/generated/fleet.ts'
import type { Clock } from '../lib/clock.ts'
import { describeError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { Store } from '../store/store.ts'
import { createCourier, type Courier, type Outcome, type Send } from './courier.ts'
import { openDestinations, type Destination, type Destinations } from './destinations.ts'
import { createEnds, type Ends } from './ends.ts'
import { createIntake, type Intake } from './intake.ts'
import { notifyRules } from './rules.ts'
import type { InForce, News, NotifyRule } from './types.ts'

export type NotifierOptions = {
  readonly store: Pick<Store, 'news' | 'settings' | 'transaction'>
  /** The operator's file of destinations; absent: rules are followed, and their messages wait for it. */
  readonly file?: string
  readonly environment: string
  readonly inForce: () => InForce | undefined
  readonly clock: Clock
  readonly log: Logger
  /** That the trouble of an object, told with this reason, is over, in words; undefined while it may stand. */
  readonly endOf: (key: ObjectKey, reason: string) => string | undefined
  /** False while nobody knows yet what stands, as after a start: then no end is looked for. */
  readonly known: () => boolean
  readonly measured?: (destination: string, outcome: Outcome | 'repeated') => void
  /** How long news is gathered before the first message; default 5 s. */
  readonly gather?: number
  /** How long an object must be well before that is told; default 1 min. */
  readonly steady?: number
  readonly send?: Send
}

/** What a person sees of notifications: no addresses. */
export type NotifierStatus = {
  readonly rules: readonly { readonly name: string; readonly to: string; readonly waiting: number; readonly lastSentAt?: string }[]
  readonly destinations: readonly { readonly name: string; readonly type: Destination['type']; readonly undelivered: number }[]
  readonly error?: string
}

/** Tells people what happened, by the rules of the Fleet. Taking news never waits for anything but the store. */
export type Notifier = {
  /** Call it in the transaction that tells the same to others. */
  tell(news: News, labels?: () => Readonly<Record<string, string>>): void
  /** Troubles of an object, of some reasons or all, have ended. */
  over(key: ObjectKey, message: string, reasons?: ReadonlySet<string>): void
  /** An object was written or removed: a trouble of it may be over. */
  touched(key: ObjectKey): void
  /** The Fleet of a new revision; undefined while it cannot be read: then the last known rules stay. */
  policy(spec: FleetSpec | undefined): void
  /** Sends a test, beside all limits. @throws GitvirtError what destinations and sending throw */
  test(destination: string): Promise<{ readonly id: string; readonly answer: string }>
  status(): Promise<NotifierStatus>
  /** Messages and news that wait, by destination. */
  waiting(): ReadonlyMap<string, number>
  stop(): Promise<void>
}

const rulesSetting = 'notificationRules'
const soonestMs = 200
const latestMs = 60_000

export function createNotifier(options: NotifierOptions): Notifier {
  return new StoredNotifier(options)
}

class StoredNotifier implements Notifier {
  readonly #options: NotifierOptions
  readonly #intake: Intake
  readonly #courier: Courier
  readonly #destinations: Destinations
  readonly #send: Send
  readonly #ends: Ends
  #policyText: string
  #rules: readonly NotifyRule[]
  #timer: NodeJS.Timeout | undefined
  #wakeAt = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(options: NotifierOptions) {
    const { store, clock, log } = options
    this.#options = options
    this.#send = options.send ?? sendLazily
    this.#policyText = store.settings.get(rulesSetting) ?? '[]'
    this.#rules = notifyRules({ notifications: JSON.parse(this.#policyText) as NotificationRule[] })
    this.#destinations = openDestinations(options.file)
    const common = { rules: () => this.#rules, inForce: options.inForce, clock }
    const measured = options.measured ?? ((): void => undefined)
    this.#intake = createIntake({ ...common, records: store.news, repeated: ({ to }) => measured(to, 'repeated') })
    this.#courier = createCourier({
      ...common,
      store,
      log,
      environment: options.environment,
      destinations: this.#destinations,
      send: this.#send,
      gather: options.gather ?? 5000,
      told: measured,
      idle: () => this.#tryAgain(() => this.#wakeWhenDue()),
    })
    const { endOf, known, steady = 60_000 } = options
    this.#ends = createEnds({ store, intake: this.#intake, endOf, known, steady, now: () => this.#now() })
    this.#wake(this.#now() + soonestMs)
  }

  tell(news: News, labels: () => Readonly<Record<string, string>> = () => ({})): void {
    if (this.#rules.length === 0) return
    if (this.#intake.take(news, labels)) this.#wakeSoon()
    if (news.severity === 'warning') this.#ends.began(news.key)
  }

  over(key: ObjectKey, message: string, reasons?: ReadonlySet<string>): void {
    if (!this.#ends.stands(key)) return
    if (this.#intake.over(key, { message, ...(reasons === undefined ? {} : { reasons }) })) this.#wakeSoon()
  }

  touched(key: ObjectKey): void {
    if (!this.#ends.stands(key)) return
    this.#ends.touched(key)
    this.#wakeForEnds()
  }

  policy(spec: FleetSpec | undefined): void {
    if (spec === undefined) return
    const text = JSON.stringify(spec.notifications ?? [])
    if (text === this.#policyText) return
    const rules = notifyRules(spec)
    this.#options.store.transaction(() => {
      this.#tellChange(rules)
      this.#options.store.settings.put(rulesSetting, text)
    })
    this.#policyText = text
    this.#rules = rules
    this.#wakeSoon()
  }

  async test(destination: string): Promise<{ readonly id: string; readonly answer: string }> {
    const to = await this.#destinations.get(destination)
    const id = randomUUID()
    const { environment, clock, inForce } = this.#options
    const message = 'This is a test of gitvirt: nothing happened.'
    const common = { version: 1, id, environment, rule: '', count: 1, time: clock.now().toISOString() } as const
    const answer = await this.#send(to, { ...common, type: 'test', reason: 'Test', message, ...inForce() }, AbortSignal.timeout(30_000))
    return { id, answer }
  }

  async status(): Promise<NotifierStatus> {
    const { news } = this.#options.store
    const waiting = new Map(news.waiting().map(({ rule, count }) => [rule, count]))
    const outbox = news.outbox()
    const rules = this.#rules.map(({ name, to }) => {
      const last = news.lastSent(name)
      return { name, to, waiting: waiting.get(name) ?? 0, ...(last === undefined ? {} : { lastSentAt: new Date(last).toISOString() }) }
    })
    try {
      const all = await this.#destinations.list()
      const undelivered = (name: string): number => outbox.filter(({ destination }) => destination === name).length
      return { rules, destinations: all.map((one) => ({ ...one, undelivered: undelivered(one.name) })) }
    } catch (error) {
      return { rules, destinations: [], error: describeError(error) }
    }
  }

  waiting(): ReadonlyMap<string, number> {
    const { news } = this.#options.store
    const counts = new Map(this.#rules.map(({ to }) => [to, 0]))
    const add = (to: string, count: number): void => void counts.set(to, (counts.get(to) ?? 0) + count)
    for (const { rule, count } of news.waiting()) add(this.#rules.find(({ name }) => name === rule)?.to ?? '', count)
    for (const { destination } of news.outbox()) add(destination, 1)
    return counts
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#courier.stop()
    await this.#courier.delivered()
  }

  /** Those who are told no longer, or of less, are told so: a commit that silences them does not go unseen. */
  #tellChange(rules: readonly NotifyRule[]): void {
    const { news } = this.#options.store
    const now = this.#now()
    const after = new Map(rules.map((rule) => [rule.name, rule]))
    for (const rule of this.#rules) {
      const next = after.get(rule.name)
      if (next !== undefined && sameRule(rule, next)) continue
      const { inForce } = this.#options
      const message = `The rule ${rule.name} is ${next === undefined ? 'removed from' : 'changed in'} gitvirt.yaml.`
      const item = { time: new Date(now).toISOString(), object: { kind: 'Fleet', namespace: '', name: '*' }, message, ...inForce() }
      const group = { rule: rule.name, type: 'warning', reason: 'NotificationsChanged', first: now, last: now, count: 1 }
      news.putGroup({ ...group, items: JSON.stringify([item]) })
      this.#courier.flush(rule)
      if (next === undefined) news.forgetRule(rule.name)
    }
  }

  #wakeSoon(): void {
    this.#wake(this.#now() + (this.#options.gather ?? 5000))
  }

  #wake(at: number): void {
    if (this.#stopped || at >= this.#wakeAt) return
    clearTimeout(this.#timer)
    this.#wakeAt = at
    const wait = Math.min(Math.max(at - this.#now(), soonestMs), latestMs)
    this.#timer = setTimeout(() => this.#run(), wait)
    this.#timer.unref()
  }

  #run(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY
    if (this.#stopped) return
    this.#tryAgain(() => {
      this.#ends.look()
      this.#courier.round()
      this.#wakeWhenDue()
      this.#wakeForEnds()
    })
  }

  #tryAgain(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.log.error({ error: describeError(error) }, 'notifications stumbled; they are tried again')
      this.#wake(this.#now() + latestMs)
    }
  }

  #wakeWhenDue(): void {
    const due = this.#stopped ? undefined : this.#courier.dueAt()
    if (due !== undefined) this.#wake(due)
  }

  #wakeForEnds(): void {
    const due = this.#ends.dueAt()
    if (due !== undefined) this.#wake(due)
  }

  #now(): number {
    return this.#options.clock.now().getTime()
  }
}

/** What speaks HTTP and SMTP is loaded when there is something to tell. */
const sendLazily: Send = async (...message) => {
  const { send } = await import('./send/send.ts')
  return await send(...message)
}

function sameRule(one: NotifyRule, other: NotifyRule): boolean {
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other))
}

function plain({ severities, kinds, reasons, exceptReasons, ...rest }: NotifyRule): unknown {
  return [rest, ...[severities, kinds, reasons, exceptReasons].map((set) => (set === undefined ? null : [...set].toSorted()))]
}
