import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { asObject, type NetworkState } from './network-state.ts'

/** Most bytes of a desired state as JSON; a policy for hundreds of interfaces stays far below. */
const maxStateBytes = 1024 * 1024

/** Keys of nmstate 0.x and 1.x that 2.x refuses, with today's names. Source: nmstate's release notes for 1.0 and 2.0. */
const renamedKeys: Readonly<Record<string, string>> = { slaves: 'port', master: 'controller', 'slave-type': 'controller-type' }

/** Sections whose keys are names or values that people chose, never nmstate's own keys. */
const freeSections = new Set(['external_ids', 'other_config', 'features'])

/**
 * nmstate's input for a policy: the desired state with today's keys.
 * @throws GitvirtError `InvalidPolicy` (terminal) for a state that is not an object or is too large
 */
export function renderState(policy: PolicySpec): NetworkState {
  const state = asObject(translate(policy.desiredState, 0))
  if (state === undefined) throw invalid(policy, 'spec.desiredState is not an object.', 'Write it as nmstate documents it.')
  return bounded(policy, state)
}

/** nmpolicy's input: captures and the desired state that refers to them. Source: nmstate's NetworkPolicy. */
export function renderPolicy(policy: PolicySpec): NetworkState {
  return bounded(policy, { capture: policy.capture ?? {}, desired: renderState(policy) })
}

function bounded(policy: PolicySpec, document: NetworkState): NetworkState {
  const bytes = Buffer.byteLength(JSON.stringify(document))
  if (bytes > maxStateBytes)
    throw invalid(policy, `spec.desiredState has ${bytes} bytes; at most ${maxStateBytes} are allowed.`, 'Split it.')
  return document
}

function translate(value: unknown, depth: number): unknown {
  if (depth > 64) return value
  if (Array.isArray(value)) return value.map((item) => translate(item, depth + 1))
  const object = asObject(value)
  if (object === undefined) return value
  const entries = Object.entries(object).map(([key, field]) => {
    const today = renamedKeys[key]
    const name = today === undefined || today in object ? key : today
    return [name, freeSections.has(key) ? field : translate(field, depth + 1)] as const
  })
  return Object.fromEntries(entries)
}

function invalid(policy: PolicySpec, message: string, action: string): GitvirtError {
  const at = `${policy.origin.path}:${policy.origin.line}:${policy.origin.column}`
  return new GitvirtError({ code: 'InvalidPolicy', message, action, object: policy.key, at, terminal: true })
}
