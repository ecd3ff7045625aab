import type { Block } from '../../schemas/generated/plan.ts'
import { keyText, parseKey, type ObjectKey } from '../lib/object-key.ts'
import { briefOfSighting } from './brief.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { volumeKeys } from './resolve/template.ts'

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
 * Holds a machine back while something that it needs, and that is not there for it, is held back itself: a disk that no host has, or a
 * machine that goes and has its disk. Its agent would wait in vain. The other gates must have spoken. A disk that is there, and of which
 * only a change waits, holds nothing back.
 */
export function waitForHeld(drafts: readonly Draft[]): void {
  const held = new Map(
    drafts.flatMap((draft) => (isNeeded(draft) && draft.blocked.some(isWhole) ? [[draft.change.key, draft] as const] : [])),
  )
  if (held.size === 0) return
  for (const { change, blocked } of drafts) {
    if (!change.key.startsWith('VirtualMachine/') || change.steps.length === 0 || blocked.some(isWhole)) continue
    for (const one of change.after.flatMap((key) => held.get(key) ?? [])) blocked.push(...waitingFor(one))
  }
}

function isNeeded({ change: { action, key } }: Draft): boolean {
  return key.startsWith('DataVolume/') ? action === 'create' : key.startsWith('VirtualMachine/') && action === 'delete'
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

/** Disks that a machine of Git needs and no host has. */
export function disksToCome(context: PlanContext, key: ObjectKey): ObjectKey[] {
  const machine = context.desired(key)
  if (machine?.kind !== 'VirtualMachine') return []
  const disks = volumeKeys(machine.object.metadata.namespace ?? '', machine.object.spec.template)
  return disks.filter(
    (disk) => !context.sightings(disk).some(({ object }) => object.kind === 'DataVolume' && object.quarantined === undefined),
  )
}
