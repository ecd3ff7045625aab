import type { MachineFacts } from '../drivers/types.ts'
import { endedByAccident, isInForce } from './lease.ts'
import type { GuardState } from './state.ts'

export type Decision = {
  readonly state: GuardState
  readonly action: 'start' | 'stop' | 'none'
  /** Milliseconds after which to look again, where a start has to wait. */
  readonly wait?: number
}

/** Shortest time between two starts of one guest, so that a guest that ends at once does not take the host's CPU. */
const shortestCycle = 1000

/** True while the guest exists as a process. */
export function isActive(facts: Pick<MachineFacts, 'state'>): boolean {
  return ['running', 'paused', 'starting', 'stopping'].includes(facts.state)
}

/** Takes in what was seen of a machine: a new strategy, a run that began, a run that ended. Pure. */
export function absorb(state: GuardState | undefined, facts: MachineFacts): GuardState | undefined {
  const applied = facts.applied
  if (applied === undefined) return state
  const active = isActive(facts)
  const current = state ?? fresh(applied.key, facts.uid, applied.runStrategy)
  const kept = current.runStrategy === applied.runStrategy ? { ...current, uid: facts.uid } : changedStrategy(current, facts)
  if (active) return { ...withoutDelay(restarted(kept, facts)), active: true, ran: true, failures: 0 }
  return kept.active ? { ...kept, active: false, lastOutcome: outcomeOf(facts) } : kept
}

function fresh(key: string, uid: string, runStrategy: GuardState['runStrategy']): GuardState {
  return { version: 1, key, uid, runStrategy, active: false, ran: false, failures: 0 }
}

/** What a person asked for and what ran before belonged to the old strategy. */
function changedStrategy(state: GuardState, facts: MachineFacts): GuardState {
  const next = fresh(state.key, facts.uid, facts.applied?.runStrategy ?? state.runStrategy)
  const { lastStartAt, lease } = state
  return {
    ...next,
    active: state.active,
    ...(lastStartAt === undefined ? {} : { lastStartAt }),
    ...(lease === undefined ? {} : { lease }),
  }
}

/** Notes a restart before the stop, so that an agent that is killed in between starts the guest again. Pure. */
export function beginRestart(state: GuardState, facts: MachineFacts, at: string): GuardState {
  return isActive(facts) && facts.startedAt !== undefined ? { ...state, restarting: { run: facts.startedAt, at } } : state
}

export function withoutRestart(state: GuardState): GuardState {
  const { restarting: _, ...rest } = state
  return rest
}

/** A restart is over when another run is seen. */
function restarted(state: GuardState, facts: MachineFacts): GuardState {
  const over = facts.startedAt !== undefined && facts.startedAt !== state.restarting?.run
  return over ? withoutRestart(state) : state
}

function withoutDelay(state: GuardState): GuardState {
  const { nextStartAt: _, ...rest } = state
  return rest
}

/**
 * A guest that powered itself off has succeeded; one that crashed, was killed, or was taken down with its host has failed.
 * Source: libvirt's shutoff reasons, upstream's phases Succeeded and Failed.
 */
function outcomeOf(facts: MachineFacts): 'succeeded' | 'failed' {
  return facts.state === 'off' && facts.stateReason === 'shutdown' ? 'succeeded' : 'failed'
}

/** Longest wait: a clock that was set back must not hold a guest for longer than any delay can be. */
const longestWait = 300_000

/**
 * Whether a machine must be started or stopped now, by its strategy and a person's standing request. Under a lease, what was started or
 * stopped by hand stays so; what ended by accident is started. Pure.
 */
export function decide(state: GuardState, facts: MachineFacts, now: number): Decision {
  if (!isInForce(state.lease, now)) return decideFreely(state, facts, now)
  const wait = Math.min(Date.parse(state.lease.until) - now, longestWait)
  const { action, wait: earlier = wait } = decideFreely(state, facts, now)
  if (action === 'start' && state.lease.stopped !== true && endedByAccident(facts)) return { state, action }
  return { state, action: 'none', wait: Math.min(wait, Math.max(earlier, 1)) }
}

function decideFreely(state: GuardState, facts: MachineFacts, now: number): Decision {
  // An agent that was killed in the middle of a stop, or of a restart's, finishes it.
  const ending = state.restarting !== undefined && state.restarting.run === facts.startedAt
  if (isActive(facts) && (state.power?.request === 'stop' || ending)) return { state, action: 'stop' }
  if (isActive(facts) || facts.state === 'undefined' || facts.problem?.fatal === true || !wanted(state)) return { state, action: 'none' }
  const last = state.lastStartAt === undefined ? 0 : Date.parse(state.lastStartAt) + shortestCycle
  const due = Math.max(last, state.nextStartAt === undefined ? 0 : Date.parse(state.nextStartAt))
  const wait = Math.min(due - now, longestWait)
  return wait > 0 ? { state, action: 'none', wait } : { state, action: 'start' }
}

/** Upstream's table of run strategies. */
function wanted(state: GuardState): boolean {
  if (state.power !== undefined) return state.power.request === 'start'
  if (state.restarting !== undefined) return true
  switch (state.runStrategy) {
    case 'Always':
      return true
    case 'RerunOnFailure':
      return !state.ran || state.lastOutcome === 'failed'
    case 'Once':
      return !state.ran
    default:
      return false
  }
}
