import type { Block, Change, FieldChange, Step } from '../../schemas/generated/plan.ts'
import { digestOf } from '../lib/digest.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { highest } from './disruption/classes.ts'

/** A change while gates still add to it. */
export type Draft = {
  readonly change: Omit<Change, 'disruption' | 'blocked' | 'approval'>
  readonly blocked: Block[]
  /** Labels by which the Fleet's rules pick it. */
  readonly labels: Readonly<Record<string, string>>
  /** The VirtualMachine that it belongs to. */
  readonly ownerKey?: ObjectKey
  /** Ids of steps that only drift asks for. */
  readonly mending?: readonly string[]
  /** Ids of steps that the disruption gate leaves alone, because the commit itself asks for them. */
  readonly explicit?: readonly string[]
}

/** The change as it stands in the plan: its class is the highest of its fields and steps. */
export function finishDraft(draft: Draft): Change {
  const { change, blocked } = draft
  const classes = [...change.fields, ...change.steps].map((one: FieldChange | Step) => one.disruption)
  return {
    ...change,
    disruption: highest(classes),
    blocked,
    ...(blocked.some(({ reason }) => approvable.has(reason)) ? { approval: approvalDigest(draft) } : {}),
  }
}

/** Gates that an approval opens. */
export const approvable: ReadonlySet<Block['reason']> = new Set([
  'DisruptionNotAllowed',
  'PruneThreshold',
  'HostsUnheard',
  'ApprovalRequired',
  'DriftNotCorrected',
])

/** How what is covered names drift that would be mended; its place follows. */
export const mendingWords = 'mends '

type Approvable = Pick<Change, 'key' | 'node' | 'action' | 'steps' | 'fields' | 'covers' | 'sealedInputs'>

/**
 * What a person approves: the acts on this object, the specs they bring and what else they cover, without places in Git, times and other
 * metadata, so that an approval lives through replanning and label edits, and ends when the wish itself changes. An encrypted input counts
 * by its file: what is in it is known to nobody while a request is not merged.
 */
export function approvalDigest({ change }: { readonly change: Approvable }): string {
  // Of a deletion that was cut short, fewer steps are left: the wish is the same. One without a record on its host has no uid.
  if (change.action === 'delete' && change.key.startsWith('VirtualMachine/')) {
    const uid = change.steps.find(({ machine }) => machine !== undefined)?.machine?.uid
    return digestOf({ key: change.key, node: change.node, wish: 'delete', ...(uid === undefined ? {} : { uid }), ...covered(change) })
  }
  const steps = change.steps.map(({ verb, machine, volume, policy }) => ({
    verb,
    ...(machine === undefined ? {} : { machine: [machine.uid, machine.template, { ...machine.inputs, ...change.sealedInputs }] }),
    ...(volume === undefined ? {} : { volume: [volume.spec, volume.sizeBytes, volume.pool] }),
    ...(policy === undefined ? {} : { policy: [policy.desiredState, policy.capture] }),
  }))
  const wish = change.steps.some(({ verb }) => verb === 'RestartDomain') ? steps.filter(({ verb }) => verb === 'RestartDomain') : steps
  return digestOf({ key: change.key, node: change.node, wish, ...covered(change) })
}

/** Of drift the values count as well: what is changed on the host afterwards, nobody has approved to be mended. */
function covered({ covers, fields }: Approvable): { covers?: string[]; drift?: unknown[] } {
  if (covers === undefined) return {}
  const mended = fields
    .filter(({ path }) => covers.includes(`${mendingWords}${path}`))
    .map(({ path, before, after }) => [path, before, after])
  return { covers, ...(mended.length === 0 ? {} : { drift: mended }) }
}
