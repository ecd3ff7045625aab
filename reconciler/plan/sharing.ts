import type { VirtualMachineInstanceTemplateSpec } from '../../schemas/generated/virtual-machine.ts'
import type { Block, Step } from '../../schemas/generated/plan.ts'
import type { DesiredObject } from '../desired/types.ts'
import { keyText, objectKey, parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { machineSightings } from './machine.ts'
import { volumeKeys } from './resolve/template.ts'
import type { VolumeUsers } from './volume-users.ts'

/** Steps after which a guest has the disks of its definition. */
const taking: ReadonlySet<Step['verb']> = new Set(['StartDomain', 'RestartDomain', 'HotplugDomain'])
const holding: ReadonlySet<string> = new Set(['running', 'paused', 'starting', 'stopping'])

/** How a guest uses a disk. */
type Use = 'write' | 'read' | 'share'
type Uses = ReadonlyMap<ObjectKey, Use>

/**
 * Holds back what would give a guest a disk which another guest has: QEMU locks an image against a second writer, and a guest that starts
 * into such a lock stays off. All of the change is held, as a host starts by itself what is defined to run. A disk that both machines mark
 * as shareable, or that both only read, is no matter.
 */
export function guardSharedDisks(context: PlanContext, drafts: readonly Draft[]): void {
  const taken = new Map<ObjectKey, { readonly by: ObjectKey; readonly use: Use }>()
  const stopping = new Set(drafts.filter(isStopping).map(({ change }) => change.key))
  for (const { change, blocked } of drafts) {
    const takes = change.key.startsWith('VirtualMachine/') && change.steps.some(({ verb }) => taking.has(verb))
    if (!takes || blocked.some(({ steps }) => steps === undefined)) continue
    const wanted = context.desired(change.key)
    if (wanted?.kind !== 'VirtualMachine' || !sharesAny(context, wanted)) continue
    const own = heldBy(context, change.key)
    for (const [disk, use] of usesOf(parseKey(change.key).namespace, wanted.object.spec.template)) {
      if (own.get(disk) === use) continue
      const before = taken.get(disk)
      const other = before !== undefined && clash(use, before.use) ? before.by : holderOf(context, { disk, use, but: change.key })
      if (other === undefined) taken.set(disk, { by: change.key, use })
      // It has let go of the disk by then.
      else if (stopping.has(other)) change.after.push(other)
      else blocked.push(inUse(disk, other))
    }
  }
}

/** True for a machine with a disk that another object of Git refers to as well: only such may have the disk. */
function sharesAny({ input }: PlanContext, { references }: DesiredObject): boolean {
  return references.some((key) => key.startsWith('DataVolume/') && hasSecond(input.desired.dependents(key)))
}

function hasSecond(items: Iterable<unknown>): boolean {
  let count = 0
  for (const _ of items) if ((count += 1) === 2) return true
  return false
}

function clash(one: Use, other: Use): boolean {
  return one === 'write' || one !== other
}

/** True for a machine whose guest this plan ends. */
function isStopping({ change: { steps }, blocked }: Draft): boolean {
  return blocked.length === 0 && steps.some(({ verb }) => verb === 'StopDomain') && !steps.some(({ verb }) => taking.has(verb))
}

type Wish = { readonly disk: ObjectKey; readonly use: Use; readonly but: ObjectKey }

/** Another guest that has the disk and shares it not, among those whose machines name it in Git. */
function holderOf(context: PlanContext, { disk, use, but }: Wish): ObjectKey | undefined {
  for (const key of context.input.desired.dependents(disk)) {
    const held = key !== but && key.startsWith('VirtualMachine/') ? heldBy(context, key).get(disk) : undefined
    if (held !== undefined && clash(use, held)) return key
  }
  return undefined
}

const nothing: Uses = new Map()

/** What the running guest of a machine does with its disks. */
function heldBy(context: PlanContext, key: ObjectKey): Uses {
  const running = machineSightings(context, key).find(({ object }) => holding.has(object.state))?.object.booted
  return running === undefined ? nothing : usesOf(running.namespace, running.template)
}

function usesOf(namespace: string, { spec }: VirtualMachineInstanceTemplateSpec): Uses {
  const disks = spec?.domain.devices.disks ?? []
  const uses = new Map<ObjectKey, Use>()
  for (const { name, dataVolume, persistentVolumeClaim } of spec?.volumes ?? []) {
    const volume = dataVolume?.name ?? persistentVolumeClaim?.claimName
    if (volume !== undefined) uses.set(objectKey('DataVolume', namespace, volume), useOf(disks.find((disk) => disk.name === name)))
  }
  return uses
}

type Disk = NonNullable<NonNullable<VirtualMachineInstanceTemplateSpec['spec']>['domain']['devices']['disks']>[number]

function useOf(disk: Disk | undefined): Use {
  if (disk?.shareable === true) return 'share'
  return disk?.cdrom !== undefined || disk?.disk?.readonly === true || disk?.lun?.readonly === true ? 'read' : 'write'
}

/** Holds the growth of a disk back while a guest has it that only reads it: QEMU resizes no such disk, and lets nobody else do so. */
export function guardReadDisks(context: PlanContext, drafts: readonly Draft[], users: VolumeUsers): void {
  for (const { change, blocked } of drafts) {
    const steps = change.steps.filter(({ verb }) => verb === 'ResizeVolume').map(({ id }) => id)
    const reader =
      steps.length === 0 ? undefined : [...users.of(change.key)].sort().find((user) => heldBy(context, user).get(change.key) === 'read')
    if (reader !== undefined) blocked.push({ ...onlyRead(reader), steps })
  }
}

function onlyRead(reader: ObjectKey): Block {
  return {
    reason: 'WaitingForDependency',
    message: `The guest of ${keyText(reader)} has the disk and only reads it; such a disk does not grow while it is open.`,
    unblock: `Stop ${parseKey(reader).name}, or take the disk out of it.`,
  }
}

function inUse(disk: ObjectKey, other: ObjectKey): Block {
  return {
    reason: 'Conflict',
    message: `${keyText(disk)} is the disk of ${keyText(other)} too, whose guest has it or is about to.`,
    unblock: `Stop ${parseKey(other).name}, give this machine a disk of its own, or mark the disk as shareable in both.`,
  }
}

/** Machines of Git that name a disk which this machine has or wants: what one lets go of, another may wait for. */
export function sharers(context: PlanContext, key: ObjectKey): ObjectKey[] {
  const wanted = context.desired(key)
  const booted = machineSightings(context, key).flatMap(({ object }) => object.booted ?? [])
  const disks = new Set(booted.flatMap(({ namespace, template }) => volumeKeys(namespace, template)))
  if (wanted?.kind === 'VirtualMachine')
    for (const disk of volumeKeys(parseKey(key).namespace, wanted.object.spec.template)) disks.add(disk)
  const others = [...disks].flatMap((disk) => [...context.input.desired.dependents(disk)])
  return others.filter((other) => other !== key && other.startsWith('VirtualMachine/'))
}
