import type { Change } from '../../schemas/generated/plan.ts'
import type { StepReport } from '../../schemas/generated/session.ts'
import type { Clock } from '../lib/clock.ts'
import { digestOf } from '../lib/digest.ts'
import type { ObjectKey } from '../lib/object-key.ts'

/** A change that an agent is at work on. */
export type Flight = {
  readonly node: string
  readonly key: ObjectKey
  readonly plan: string
  readonly since: string
  readonly digest: string
  /** The step that the agent began last. */
  readonly step?: string
  /** A newer change waits for the end of this one. */
  readonly held?: boolean
}

type Failure = { readonly digest: string; readonly count: number; readonly until: number }

/**
 * What is on its way, by node and key, and what failed lately: so that the loop neither resends
 * what is being done nor repeats at once what just failed.
 */
export type InFlight = {
  get(node: string, key: ObjectKey): Flight | undefined
  all(): readonly Flight[]
  /**
   * True for a change that has to wait: it is on its way, the very same failed a moment ago,
   * or the agent is in the middle of another one for this object. Only a long import is overtaken.
   */
  holds(node: string, change: Change): boolean
  started(node: string, plan: string, changes: readonly Change[]): void
  stepped(node: string, report: StepReport): void
  /** Ends a flight well; true where a newer change was held for it. */
  succeeded(node: string, plan: string, key: ObjectKey): boolean
  /** Ends a flight badly and returns after how many milliseconds to try again; undefined where a newer plan took over. */
  failed(ended: {
    readonly node: string
    readonly plan: string
    readonly key: ObjectKey
    readonly kind: 'failed' | 'stale'
  }): number | undefined
  /** Forgets everything about a node whose session ended, and tells the keys that were on their way. */
  lost(node: string): readonly ObjectKey[]
}

const backOff = { failed: { first: 1000, most: 300_000 }, stale: { first: 100, most: 10_000 } } as const

/** @param random number from 0 to 1, for jitter */
export function createInFlight(clock: Clock, random: () => number = Math.random): InFlight {
  const flights = new Map<string, Flight>()
  const failures = new Map<string, Failure>()
  const id = (node: string, key: ObjectKey): string => `${node}\n${key}`
  const end = (node: string, plan: string, key: ObjectKey): Flight | undefined => {
    const flight = flights.get(id(node, key))
    if (flight?.plan !== plan) return undefined
    flights.delete(id(node, key))
    return flight
  }
  return {
    get: (node, key) => flights.get(id(node, key)),
    all: () => [...flights.values()],
    holds(node, change) {
      const digest = changeDigest(change)
      const flight = flights.get(id(node, change.key))
      if (flight?.digest === digest) return true
      if (flight?.step !== undefined && !flight.step.startsWith('EnsureVolume:')) {
        flights.set(id(node, change.key), { ...flight, held: true })
        return true
      }
      const failure = failures.get(id(node, change.key))
      return failure?.digest === digest && failure.until > clock.monotonic()
    },
    stepped(node, report) {
      const flight = flights.get(id(node, report.key))
      if (flight?.plan === report.plan) flights.set(id(node, report.key), { ...flight, step: report.step })
    },
    started(node, plan, changes) {
      const since = clock.now().toISOString()
      for (const change of changes) flights.set(id(node, change.key), { node, key: change.key, plan, since, digest: changeDigest(change) })
    },
    succeeded(node, plan, key) {
      const flight = end(node, plan, key)
      if (flight !== undefined) failures.delete(id(node, key))
      return flight?.held ?? false
    },
    failed({ node, plan, key, kind }) {
      const flight = end(node, plan, key)
      if (flight === undefined) return undefined
      const earlier = failures.get(id(node, key))
      const count = (earlier?.digest === flight.digest ? earlier.count : 0) + 1
      const { first, most } = backOff[kind]
      const wait = Math.min(most, first * 2 ** (count - 1)) * (1 + random() / 2)
      failures.set(id(node, key), { digest: flight.digest, count, until: clock.monotonic() + wait })
      return wait
    },
    lost(node) {
      const keys = [...flights.values()].filter((flight) => flight.node === node).map((flight) => flight.key)
      for (const key of keys) flights.delete(id(node, key))
      for (const entry of failures.keys()) if (entry.startsWith(`${node}\n`)) failures.delete(entry)
      return keys
    },
  }
}

function changeDigest(change: Change): string {
  return digestOf([change.base, change.steps])
}
