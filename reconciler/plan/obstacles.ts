import type { Block } from '../../schemas/generated/plan.ts'
import type { DesiredObject } from '../desired/types.ts'
import type { ObservedView, Sighting } from '../observed/types.ts'
import type { Draft } from './draft.ts'
import { keyText } from '../lib/object-key.ts'
import type { Unheard } from './types.ts'
import type { PlanContext } from './context.ts'
import type { SuspensionPlace } from './suspended.ts'

/** The block of a change whose node's agent is away; empty while it is there. */
export function disconnected(observed: ObservedView, name: string): Block[] {
  const node = observed.node(name)
  if (node?.connected === true) return []
  const since = node === undefined ? 'has never connected' : `is not connected; last heard of at ${node.seenAt}`
  return [
    {
      reason: 'NodeNotReady',
      message: `The agent of ${name} ${since}.`,
      unblock: `Start gitvirt's agent on ${name} and see that it reaches the reconciler.`,
    },
  ]
}

/** The block of what would be placed anew while a host that may have it already was not heard. */
export function unheardBlock({ hosts }: Unheard): Block {
  const reason = 'HostsUnheard'
  const state = "This reconciler's database is new"
  if (hosts.length === 0) {
    return {
      reason,
      message: `${state}, the hosts are not, and Git declares no Node: nobody can tell whether another host has it already.`,
      unblock: 'Declare every host as a Node in Git, or approve this change if no other host can have it.',
    }
  }
  return {
    reason,
    message: `${state}, and ${hosts.join(', ')} ${hosts.length === 1 ? 'has' : 'have'} not reported to it: it may be there already.`,
    unblock: `Start the agent there. For a host that is off for good: gitvirt approve node/${hosts[0] ?? ''}. Or approve this change alone.`,
  }
}

/** One object on several nodes: nothing is done before a person has looked. */
export function severalNodes(desired: DesiredObject, sightings: readonly Sighting[]): Draft {
  const nodes = sightings.map(({ node }) => node).sort()
  const blocked: Block[] = [
    {
      reason: 'Conflict',
      message: `${keyText(desired.key)} is on ${nodes.length} nodes: ${nodes.join(', ')}. Two of one are never run.`,
      unblock: 'Find out which one is right, and undefine the other by hand on its host.',
    },
  ]
  return {
    change: {
      key: desired.key,
      node: nodes[0] ?? '',
      action: 'none',
      fields: [],
      steps: [],
      base: sightings.find(({ node }) => node === nodes[0])?.object.digest ?? 'absent',
      notes: [],
      origin: desired.origin,
      after: [],
    },
    blocked,
    labels: {},
  }
}

/** What a person, an annotation in Git or the Fleet holds back until it is resumed. */
export function suspensionBlocks({ suspensions, policy }: PlanContext, place: SuspensionPlace): Block[] {
  const one = suspensions.of(place)
  if (one !== undefined) {
    const { text, unblock, until } = one
    return [{ reason: 'Suspended', message: text, unblock, ...(until === undefined ? {} : { until }) }]
  }
  if (policy.suspended === undefined) return []
  return [{ reason: 'Suspended', message: policy.suspended, unblock: 'Change gitvirt.yaml on the tracked branch.' }]
}
