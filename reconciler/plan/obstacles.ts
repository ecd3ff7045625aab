import type { Block } from '../../schemas/generated/plan.ts'
import type { DesiredObject } from '../desired/types.ts'
import type { ObservedView, Sighting } from '../observed/types.ts'
import type { Draft } from './draft.ts'
import { keyText } from '../lib/object-key.ts'

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
