import type { Command } from '../../schemas/generated/session.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import type { GuardState } from './state.ts'

/** What a person's request does to a machine: the standing request after it, and the act. */
export type CommandPlan = {
  readonly act: 'start' | 'stop' | 'restart' | 'pause' | 'unpause' | 'reset' | 'soft-reboot' | 'guestosinfo' | 'none'
  /** The standing request from now on; absent for none. */
  readonly power?: 'start' | 'stop'
}

/**
 * Upstream's rules for power requests, where the spec is Git's: instead of a new run strategy, a standing request is kept.
 * Pure. @throws GitvirtError `Conflict`
 */
export function planCommand(verb: Exclude<Command['verb'], 'lease' | 'end-lease'>, state: GuardState, active: boolean): CommandPlan {
  const standing = state.power?.request
  const keep = standing === undefined ? {} : { power: standing }
  switch (verb) {
    case 'start':
      return planStart(state, active)
    case 'stop':
      return planStop(state, active)
    case 'restart': {
      if (state.runStrategy === 'Once') throw conflict(state, 'runStrategy Once has no restart.')
      if (state.runStrategy === 'Halted' && standing !== 'start') throw conflict(state, 'runStrategy Halted has no restart.')
      if (standing === 'stop' || !active) throw conflict(state, 'The machine does not run.', 'Start it instead.')
      return { act: 'restart', ...keep }
    }
    default: {
      if (!active) throw conflict(state, 'The machine does not run.', 'Start it first.')
      return { act: verb, ...keep }
    }
  }
}

function planStart(state: GuardState, active: boolean): CommandPlan {
  const stopped = state.power?.request === 'stop'
  if (state.runStrategy === 'Once') throw conflict(state, 'runStrategy Once allows one run and no start by hand.')
  if (state.runStrategy === 'Always' && !stopped) throw conflict(state, 'runStrategy Always starts the machine by itself.')
  if (active && !stopped) throw conflict(state, 'The machine runs already.')
  return { act: active ? 'none' : 'start', ...(state.runStrategy === 'Halted' ? { power: 'start' } : {}) }
}

function planStop(state: GuardState, active: boolean): CommandPlan {
  if (state.runStrategy === 'Halted') {
    if (state.power?.request !== 'start') throw conflict(state, 'runStrategy Halted: the machine is stopped already.')
    return { act: 'stop' }
  }
  if (state.runStrategy === 'Manual') {
    if (!active) throw conflict(state, 'The machine does not run.')
    return { act: 'stop' }
  }
  if (state.power?.request === 'stop' && !active) throw conflict(state, 'The machine is stopped already.')
  return { act: 'stop', power: 'stop' }
}

function conflict(state: GuardState, message: string, action = 'To change this for good, change runStrategy in Git.'): GitvirtError {
  return new GitvirtError({ code: 'Conflict', message, action, object: state.key })
}
