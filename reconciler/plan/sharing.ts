import type { VirtualMachineInstanceTemplateSpec } from '../../schemas/generated/virtual-machine.ts'
import type { Block, MachineSpec, Step } from '../../schemas/generated/plan.ts'
import { keyText, objectKey, parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { machineSightings } from './machine.ts'
import { volumeKeys } from './resolve/template.ts'
import type { VolumeUsers } from './volume-users.ts'

/** Steps after which a guest has the disks of its definition. */
const taking: ReadonlySet<Step['verb']> = new Set(['StartDomain', 'RestartDomain', 'HotplugDomain'])
const holding: ReadonlySet<string> = new Set(['running', 'paused', 'starting', 'stopping'])

/**
 * Holds back what would give a guest a disk which another guest has: QEMU locks an image against a second writer, and a guest that starts
 * into such a lock stays off. All of the change is held, as a host starts by itself what is defined to run. Disks that both machines mark
 * as shareable, or only read, are no matter.
 */
export function guardSharedDisks(context: PlanContext, drafts: readonly Draft[]): void {
  const taken = new Map<ObjectKey, ObjectKey>()
  const stopping = new Set(drafts.filter(isStopping).map(({ change }) => change.key))
  for (const { change, blocked } of drafts) {
    const takes = change.key.startsWith('VirtualMachine/') && change.steps.some(({ verb }) => taking.has(verb))
    if (!takes || blocked.some(({ steps }) => steps === undefined)) continue
    const wanted = context.desired(change.key)
    if (wanted?.kind !== 'VirtualMachine') continue
    const own = heldBy(context, change.key)
    for (const disk of writableDisks(parseKey(change.key).namespace, wanted.object.spec.template)) {
      if (own.has(disk)) continue
      const other = taken.get(disk) ?? holderOf(context, { disk, but: change.key })
      if (other !== undefined && !stopping.has(other)) blocked.push(inUse(disk, other))
      else taken.set(disk, change.key)
      // It has let go of the disk by then.
      if (other !== undefined && stopping.has(other)) change.after.push(other)
    }
  }
}

/** True for a machine whose guest this plan ends. */
function isStopping({ change: { steps }, blocked }: Draft): boolean {
  return blocked.length === 0 && steps.some(({ verb }) => verb === 'StopDomain') && !steps.some(({ verb }) => taking.has(verb))
}

/** Another guest that has the disk, among those whose machines name it in Git. */
function holderOf(context: PlanContext, { disk, but }: { readonly disk: ObjectKey; readonly but: ObjectKey }): ObjectKey | undefined {
  for (const key of context.input.desired.dependents(disk)) {
    if (key !== but && key.startsWith('VirtualMachine/') && heldBy(context, key).has(disk)) return key
  }
  return undefined
}

const nothing: ReadonlySet<ObjectKey> = new Set()

/** Disks that the running guest of a machine may write to. */
function heldBy(context: PlanContext, key: ObjectKey): ReadonlySet<ObjectKey> {
  if (context.sightings(key).length === 0) return nothing
  const running = machineSightings(context, key).filter(({ object }) => holding.has(object.state))
  return new Set(running.flatMap(({ object }) => (object.booted === undefined ? [] : disksOf(object.booted))))
}

function disksOf({ namespace, template }: MachineSpec): ObjectKey[] {
  return writableDisks(namespace, template)
}

/** DataVolumes that a guest writes to, and shares with no other one. */
function writableDisks(namespace: string, { spec }: VirtualMachineInstanceTemplateSpec): ObjectKey[] {
  const disks = spec?.domain.devices.disks ?? []
  const found: ObjectKey[] = []
  for (const { name, dataVolume, persistentVolumeClaim } of spec?.volumes ?? []) {
    const volume = dataVolume?.name ?? persistentVolumeClaim?.claimName
    if (volume === undefined || disks.some((disk) => disk.name === name && isShared(disk))) continue
    found.push(objectKey('DataVolume', namespace, volume))
  }
  return found
}

type Disk = NonNullable<NonNullable<VirtualMachineInstanceTemplateSpec['spec']>['domain']['devices']['disks']>[number]

function isShared(disk: Disk): boolean {
  return disk.shareable === true || isRead(disk)
}

function isRead({ cdrom, disk, lun }: Disk): boolean {
  return cdrom !== undefined || disk?.readonly === true || lun?.readonly === true
}

/** Holds the growth of a disk back while a guest has it that only reads it: QEMU resizes no such disk, and lets nobody else do so. */
export function guardReadDisks(context: PlanContext, drafts: readonly Draft[], users: VolumeUsers): void {
  for (const { change, blocked } of drafts) {
    const steps = change.steps.filter(({ verb }) => verb === 'ResizeVolume').map(({ id }) => id)
    const reader = steps.length === 0 ? undefined : [...users.of(change.key)].sort().find((user) => readBy(context, user).has(change.key))
    if (reader !== undefined) blocked.push({ ...onlyRead(reader), steps })
  }
}

function readBy(context: PlanContext, key: ObjectKey): ReadonlySet<ObjectKey> {
  const running = machineSightings(context, key).filter(({ object }) => holding.has(object.state))
  return new Set(running.flatMap(({ object: { booted } }) => (booted === undefined ? [] : readDisks(booted))))
}

function readDisks({ namespace, template: { spec } }: MachineSpec): ObjectKey[] {
  const read = new Set((spec?.domain.devices.disks ?? []).filter(isRead).map(({ name }) => name))
  return (spec?.volumes ?? []).flatMap(({ name, dataVolume, persistentVolumeClaim }) => {
    const volume = dataVolume?.name ?? persistentVolumeClaim?.claimName
    return volume !== undefined && read.has(name) ? [objectKey('DataVolume', namespace, volume)] : []
  })
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
  const disks = new Set(machineSightings(context, key).flatMap(({ object: { booted } }) => (booted === undefined ? [] : disksOf(booted))))
  if (wanted?.kind === 'VirtualMachine')
    for (const disk of volumeKeys(parseKey(key).namespace, wanted.object.spec.template)) disks.add(disk)
  const others = [...disks].flatMap((disk) => [...context.input.desired.dependents(disk)])
  return others.filter((other) => other !== key && other.startsWith('VirtualMachine/'))
}
