import type { Block } from '../../schemas/generated/plan.ts'
import { keyText, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { volumeKeys } from './resolve/template.ts'

/**
 * Holds a machine back while a disk that it needs, and that no host has, is held back itself: its agent would wait for the disk in vain.
 * The other gates must have spoken. A disk that is there, and of which only a change waits, holds nothing back.
 */
export function waitForDisks(drafts: readonly Draft[]): void {
  const held = new Map(drafts.flatMap((draft) => (isHeldDisk(draft) ? [[draft.change.key, draft] as const] : [])))
  if (held.size === 0) return
  for (const { change, blocked } of drafts) {
    if (!change.key.startsWith('VirtualMachine/') || change.steps.length === 0 || blocked.some(isWhole)) continue
    for (const disk of change.after.flatMap((key) => held.get(key) ?? [])) blocked.push(...waitingFor(disk))
  }
}

function isHeldDisk({ change, blocked }: Draft): boolean {
  return change.action === 'create' && change.key.startsWith('DataVolume/') && blocked.some(isWhole)
}

/** True for a block that holds back all steps. */
function isWhole({ steps }: Block): boolean {
  return steps === undefined
}

function waitingFor({ change, blocked }: Draft): Block[] {
  const why = blocked.find(isWhole)
  if (why === undefined) return []
  return [{ reason: 'WaitingForDependency', message: `It needs ${keyText(change.key)}, which waits: ${why.message}`, unblock: why.unblock }]
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
