import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import { boundedLabel } from './bounded-label.ts'
import type { Progress, Reached, Stage } from './progress.ts'

/** What is read when somebody scrapes; nothing of it costs anything in between. */
export type Measured = {
  readonly progress: Pick<Progress, 'underWay' | 'waiting'>
  /** Keys of objects that differ from what was applied, and whether one is served. */
  readonly drifted: () => readonly ObjectKey[]
  readonly isServed: (key: ObjectKey) => boolean
  readonly manifestErrors: () => number
  readonly queued: () => { readonly plan: number; readonly status: number }
  readonly unpushedReceipts: () => number
  readonly waitingNotifications: () => ReadonlyMap<string, number>
  /** RFC 3339 time of the last fetch that succeeded. */
  readonly fetchedAt: () => string | undefined
}

export type PipelineMetrics = {
  reached(reached: Reached): void
  /** Hears the events that status tells. */
  heard(event: { readonly key: ObjectKey; readonly type: 'Normal' | 'Warning'; readonly reason: string }): void
  /** An object went. */
  gone(key: ObjectKey): void
  notified(destination: string, outcome: string): void
  fetchFailed(): void
}

/** From half a second to a week. */
const buckets = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400, 604_800]
const mostReasons = 100
const mostDestinations = 100

/** All names begin with gitvirt_; docs/operator.md lists them. */
export function createPipelineMetrics(registry: Registry, measured: Measured): PipelineMetrics {
  const registers = [registry]
  const times = stageTimes(registry)
  const failures = new Counter({
    name: 'gitvirt_failures_total',
    help: 'Warnings told as events, by reason.',
    labelNames: ['reason'],
    registers,
  })
  const notifications = new Counter({
    name: 'gitvirt_notifications_total',
    help: 'Tries to send notifications, by destination and outcome.',
    labelNames: ['destination', 'outcome'],
    registers,
  })
  const fetches = new Counter({ name: 'gitvirt_fetch_failures_total', help: 'Fetches of the repository that failed.', registers })
  const drift = driftGauge(registry, measured)
  countGauges(registry, measured)
  namedGauges(registry, measured)
  const reasonLabel = boundedLabel(mostReasons)
  const destinationLabel = boundedLabel(mostDestinations)
  return {
    reached: ({ stage, sinceSeen, sinceCommit }) => {
      times[stage].observe({ from: 'seen' }, sinceSeen)
      if (sinceCommit !== undefined) times[stage].observe({ from: 'commit' }, sinceCommit)
    },
    heard: (event) => {
      if (event.type === 'Warning') failures.inc({ reason: reasonLabel(event.reason) })
      drift.heard(event)
    },
    gone: (key) => drift.gone(key),
    notified: (destination, outcome) => notifications.inc({ destination: destinationLabel(destination), outcome }),
    fetchFailed: () => fetches.inc(),
  }
}

function stageTimes(registry: Registry): Readonly<Record<Stage, Histogram<'from'>>> {
  const one = (stage: Stage, what: string): Histogram<'from'> =>
    new Histogram({
      name: `gitvirt_commit_${stage}_seconds`,
      help: `Time until ${what}, since the commit was made or since it was first seen here.`,
      labelNames: ['from'],
      buckets,
      registers: [registry],
    })
  return {
    planned: one('planned', 'a revision was planned'),
    applied: one('applied', 'hosts had carried out all of a revision that did not wait for a time, a person or a host'),
    converged: one('converged', 'nothing of a revision was left to do'),
  }
}

/** The store is searched at the first scrape; from then on events tell. */
function driftGauge(registry: Registry, { drifted, isServed }: Measured): Pick<PipelineMetrics, 'heard' | 'gone'> {
  let known: Set<ObjectKey> | undefined
  const gauge = new Gauge({
    name: 'gitvirt_drift_objects',
    help: 'Objects that differ on their host from what was applied, by kind.',
    labelNames: ['kind'],
    registers: [registry],
    collect: () => {
      known ??= new Set(drifted())
      gauge.reset()
      // After a start some are served only when all was looked at once.
      for (const key of known) if (isServed(key)) gauge.inc({ kind: parseKey(key).kind })
    },
  })
  return {
    heard: ({ key, reason }) => {
      if (reason === 'DriftDetected') known?.add(key)
      if (reason === 'DriftMended') known?.delete(key)
    },
    gone: (key) => void known?.delete(key),
  }
}

function countGauges(registry: Registry, measured: Measured): void {
  const gauge = (name: string, help: string, value: () => number): Gauge => {
    const one: Gauge = new Gauge({ name, help, registers: [registry], collect: () => one.set(value()) })
    return one
  }
  gauge('gitvirt_pending_objects', 'Objects with changes under way.', () => measured.progress.underWay())
  gauge('gitvirt_manifest_errors', 'Errors in the manifests of the revision in force.', measured.manifestErrors)
  gauge('gitvirt_receipts_unpushed', 'Receipts that no Git note holds yet; 0 without --notes.', measured.unpushedReceipts)
  gauge('gitvirt_fetched_timestamp_seconds', 'When the repository was fetched last; 0 before the first time.', () => {
    const at = measured.fetchedAt()
    return at === undefined ? 0 : Date.parse(at) / 1000
  })
}

function namedGauges(registry: Registry, { progress, queued, waitingNotifications }: Measured): void {
  const named = (options: { name: string; help: string; label: string }, values: () => Iterable<readonly [string, number]>): void => {
    const { name, help, label } = options
    const bounded = boundedLabel(mostReasons)
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect: () => {
        one.reset()
        for (const [value, count] of values()) one.inc({ [label]: bounded(value) }, count)
      },
    })
  }
  const blocked = { name: 'gitvirt_blocked_objects', help: 'Objects whose changes wait for a time, a person or a host, by reason.' }
  named({ ...blocked, label: 'reason' }, () => progress.waiting())
  named({ name: 'gitvirt_queue_keys', help: 'Keys that wait for the next pass.', label: 'queue' }, () => Object.entries(queued()))
  const waiting = { name: 'gitvirt_notifications_waiting', help: 'News and messages that are not delivered yet, by destination.' }
  named({ ...waiting, label: 'destination' }, waitingNotifications)
}
