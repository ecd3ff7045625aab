import type { Block } from '../../schemas/generated/plan.ts'
import { keyText, parseKey, type ObjectKey } from '../lib/object-key.ts'
import { briefOfSighting } from './brief.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { requiredBridges, volumeKeys } from './resolve/template.ts'

/**
 * Lets a machine that takes over the disk of one that goes, as a renamed one does, wait for it: QEMU locks an image against a second
 * guest.
 */
export function followLeaving(context: PlanContext, drafts: readonly Draft[]): void {
  const leaving = new Map<ObjectKey, ObjectKey>()
  for (const { change } of drafts) {
    if (change.action !== 'delete' || !change.key.startsWith('VirtualMachine/')) continue
    for (const sighting of context.sightings(change.key))
      for (const disk of briefOfSighting(sighting)?.disks ?? []) leaving.set(disk, change.key)
  }
  if (leaving.size === 0) return
  for (const { change } of drafts) {
    const wanted = context.desired(change.key)
    if (wanted?.kind !== 'VirtualMachine') continue
    const before = volumeKeys(parseKey(change.key).namespace, wanted.object.spec.template).flatMap((disk) => leaving.get(disk) ?? [])
    change.after.push(...new Set(before))
  }
}

/**
 * Holds a machine back while something that it needs, and that is not there for it, is held back itself: a disk that is not ready, a
 * machine that goes and has its disk, a policy that is to bring its bridge up. Its agent would wait in vain, or take what is there for
 * what is wanted. The other gates must have spoken. Where only a change of what is there waits, nothing else is held back.
 */
export function waitForHeld(context: PlanContext, drafts: readonly Draft[]): void {
  const held = new Map(
    drafts.flatMap((draft) => (draft.blocked.some(isWhole) && isNeeded(context, draft) ? [[placeOf(draft), draft] as const] : [])),
  )
  if (held.size === 0) return
  for (const { change, blocked } of drafts) {
    if (!change.key.startsWith('VirtualMachine/') || change.steps.length === 0 || blocked.some(isWhole)) continue
    for (const key of change.after) {
      const one = held.get(placeOf({ change: { key, node: change.node } }))
      if (one !== undefined && (!isPolicy(key) || lacksBridge(context, change))) blocked.push(...waitingFor(one))
    }
  }
}

/** Policies have a change on each host. */
function placeOf({ change: { key, node } }: { readonly change: Pick<Draft['change'], 'key' | 'node'> }): string {
  return isPolicy(key) ? `${node} ${key}` : key
}

function isPolicy(key: ObjectKey): boolean {
  return key.startsWith('NodeNetworkConfigurationPolicy/')
}

function isNeeded(context: PlanContext, { change: { action, key } }: Draft): boolean {
  if (key.startsWith('DataVolume/')) return action === 'create' || !isReady(context, key)
  return isPolicy(key) ? action !== 'delete' : action === 'delete'
}

function isReady(context: PlanContext, disk: ObjectKey): boolean {
  return context
    .sightings(disk)
    .some(({ object }) => object.kind === 'DataVolume' && object.phase === 'Succeeded' && object.quarantined === undefined)
}

function lacksBridge(context: PlanContext, { key, node }: Pick<Draft['change'], 'key' | 'node'>): boolean {
  const wanted = context.desired(key)
  const interfaces = context.input.observed.node(node)?.facts.interfaces ?? []
  const present = new Set(interfaces.map(({ name }) => name))
  return wanted?.kind === 'VirtualMachine' && requiredBridges(wanted.object.spec.template).some((name) => !present.has(name))
}

/** True for a block that holds back all steps. */
function isWhole({ steps }: Block): boolean {
  return steps === undefined
}

function waitingFor({ change, blocked }: Draft): Block[] {
  const why = blocked.find(isWhole)
  if (why === undefined) return []
  return [
    {
      reason: 'WaitingForDependency',
      message: `It waits for ${keyText(change.key)}, which waits itself: ${why.message}`,
      unblock: why.unblock,
    },
  ]
}

/** What a machine of Git needs and no host has ready: its disks, and the policies that may bring up a bridge. */
export function neededBy(context: PlanContext, key: ObjectKey): ObjectKey[] {
  const machine = context.desired(key)
  if (machine?.kind !== 'VirtualMachine') return []
  const { template } = machine.object.spec
  const disks = volumeKeys(parseKey(key).namespace, template).filter((disk) => !isReady(context, disk))
  const nodes = context.sightings(key).map(({ node }) => node)
  const isMissing =
    requiredBridges(template).length > 0 && (nodes.length === 0 || nodes.some((node) => lacksBridge(context, { key, node })))
  return isMissing ? [...disks, ...context.input.desired.keysOf('NodeNetworkConfigurationPolicy')] : disks
}
