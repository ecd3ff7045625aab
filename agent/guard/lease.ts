import type { Command } from '../../schemas/generated/session.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import type { MachineFacts } from '../drivers/types.ts'
import type { GuardState } from './state.ts'

/** A person's word that what is changed on a machine by hand stands for a time. */
export type Lease = {
  readonly id: string
  readonly by?: string
  /** RFC 3339, by this host's clock. */
  readonly at: string
  readonly until: string
  /** True: the guest was stopped by hand. libvirt's own reason is lost when its daemon restarts. */
  readonly stopped?: boolean
}

/** How far a clock may be set back, in milliseconds, before a lease that it would lengthen ends. */
const mostSetBack = 60_000

/** True while the lease holds. A clock that was set back must not make it longer: it ends then. Pure. */
export function isInForce(lease: Lease | undefined, now: number): lease is Lease {
  return lease !== undefined && now < Date.parse(lease.until) && now >= Date.parse(lease.at) - mostSetBack
}

/** The state without a lease that has ended; the same object where there is none. Pure. */
export function withoutEndedLease(state: GuardState, now: number): GuardState {
  if (state.lease === undefined || isInForce(state.lease, now)) return state
  const { lease: _, ...rest } = state
  return rest
}

/**
 * What the request makes of the state. The same lease again, as after a restart of the reconciler, changes nothing; another one is refused.
 * Pure. @throws GitvirtError `Conflict`, `InvalidArgument`
 */
export function applyLease(state: GuardState, { verb, lease, by, key }: Command, now: number): GuardState {
  const { lease: held, ...rest } = withoutEndedLease(state, now)
  if (lease === undefined) throw new GitvirtError({ code: 'InvalidArgument', message: 'The request names no lease.', object: key })
  if (verb === 'end-lease') return held === undefined || held.id === lease.id ? rest : state
  if (held !== undefined && held.id === lease.id) return state
  if (held !== undefined)
    throw new GitvirtError({
      code: 'Conflict',
      message: `${held.by ?? 'Somebody'} has a lease on this machine until ${held.until}.`,
      object: key,
    })
  if (lease.seconds === undefined) throw new GitvirtError({ code: 'InvalidArgument', message: 'The request tells no time.', object: key })
  const at = new Date(now).toISOString()
  const until = new Date(now + lease.seconds * 1000).toISOString()
  return { ...rest, lease: { id: lease.id, at, until, ...(by === undefined ? {} : { by }) } }
}

/** libvirt's reasons of a guest that is off for which no person is to blame. */
const accidents: ReadonlySet<string> = new Set(['crashed', 'failed', 'unknown', 'daemon'])

/** Remembers under a lease that the guest was stopped by hand, until it runs again. Pure. */
export function noteStop(state: GuardState, facts: Pick<MachineFacts, 'state' | 'stateReason'>): GuardState {
  if (state.lease === undefined) return state
  const { stopped = false, ...lease } = state.lease
  const now = !state.active && (stopped || !endedByAccident(facts))
  if (now === stopped) return state
  return { ...state, lease: { ...lease, ...(now ? { stopped: true } : {}) } }
}

/** True where a guest that is off was lost by accident, as by a crash or with its host, and not stopped by hand. Pure. */
export function endedByAccident({ state, stateReason }: Pick<MachineFacts, 'state' | 'stateReason'>): boolean {
  return state === 'crashed' || (state === 'off' && accidents.has(stateReason ?? 'unknown'))
}
