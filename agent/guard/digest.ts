import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import { digestOf } from '../../reconciler/lib/digest.ts'

/**
 * Digest of what a plan relies on: applied, booted, whether it runs, is paused or is off, drift, and the lease:
 * a plan that was made before a lease is refused.
 * Source: schemas/wire/observation.json. Pure.
 */
export function machineDigest(machine: Omit<ObservedMachine, 'digest'>): string {
  const { applied, booted, drift, driftOmitted, lease } = machine
  const more = { ...(driftOmitted === undefined ? {} : { driftOmitted }), ...(lease === undefined ? {} : { lease: lease.id }) }
  return digestOf({ applied, booted, drift, state: settled(machine.state), ...more })
}

function settled(state: ObservedMachine['state']): 'running' | 'paused' | 'off' {
  if (state === 'paused') return 'paused'
  return state === 'running' || state === 'starting' || state === 'stopping' ? 'running' : 'off'
}
