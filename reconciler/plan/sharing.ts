import type { VirtualMachineInstanceTemplateSpec } from '../../schemas/generated/virtual-machine.ts'
import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import type { Block, MachineSpec, Step } from '../../schemas/generated/plan.ts'
import type { DesiredObject } from '../desired/types.ts'
import { keyText, objectKey, parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { machineSightings } from './machine.ts'
import { runStrategyOf } from './resolve/machine.ts'
import { startsByItself } from './steps/machine-steps.ts'
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
export function guardSharedDisks(context: PlanContext, drafts: readonly Draft[], users: VolumeUsers): void {
  const taken = new Map<ObjectKey, { readonly by: ObjectKey; readonly use: Use }>()
  let released: Releases | undefined
  for (const { change, blocked } of drafts) {
    const takes = change.key.startsWith('VirtualMachine/') && change.steps.some(({ verb }) => taking.has(verb))
    if (!takes || blocked.some(({ steps }) => steps === undefined)) continue
    const wanted = context.desired(change.key)
    if (wanted?.kind !== 'VirtualMachine' || !mayClash(context, wanted)) continue
    const own = heldBy(context, change.key)
    for (const [disk, use] of usesOf(parseKey(change.key).namespace, wanted.object.spec.template)) {
      if (own.get(disk) === use) continue
      const before = taken.get(disk)
      const taker = before !== undefined && clash(use, before.use) ? before.by : undefined
      const holder = taker === undefined && isThere(context, disk) ? holderOf(context, users, { disk, use, but: change.key }) : undefined
      if (holder !== undefined) released ??= releases(context, drafts)
      const stays = holder !== undefined && released?.get(holder)?.has(disk) !== true
      if (taker !== undefined || stays) blocked.push(inUse(disk, taker ?? holder ?? change.key))
      else {
        taken.set(disk, { by: change.key, use })
        // It has let go of the disk by then.
        if (holder !== undefined) change.after.push(holder)
      }
    }
  }
}

/** True for a machine with a disk that another one may have: it is on a host already, or two objects of Git refer to it. */
function mayClash(context: PlanContext, { references }: DesiredObject): boolean {
  const { desired } = context.input
  return references.some((key) => key.startsWith('DataVolume/') && (isThere(context, key) || hasSecond(desired.dependents(key))))
}

/** A disk that no host has is in no guest. */
function isThere(context: PlanContext, disk: ObjectKey): boolean {
  return context.sightings(disk).length > 0
}

function hasSecond(items: Iterable<unknown>): boolean {
  let count = 0
  for (const _ of items) if ((count += 1) === 2) return true
  return false
}

function clash(one: Use, other: Use): boolean {
  return one === 'write' || one !== other
}

type Releases = ReadonlyMap<ObjectKey, ReadonlySet<ObjectKey>>

/** Disks that guests let go of in this plan. The other gates must have spoken. */
function releases(context: PlanContext, drafts: readonly Draft[]): Releases {
  const released = new Map<ObjectKey, ReadonlySet<ObjectKey>>()
  for (const draft of drafts) {
    if (!draft.change.key.startsWith('VirtualMachine/')) continue
    const disks = new Set([...claimedBy(context, draft.change.key).keys()].filter(releaseTest(context, draft)))
    if (disks.size > 0) released.set(draft.change.key, disks)
  }
  return released
}

/** Tells whether the guest of a change lets go of a disk: it ends, starts anew without it, or is unplugged from it. */
function releaseTest(context: PlanContext, { change, blocked }: Draft): (disk: ObjectKey) => boolean {
  const isHeld = ({ id }: Step): boolean => blocked.some(({ steps }) => steps === undefined || steps.includes(id))
  const verbs = new Set(change.steps.filter((step) => !isHeld(step)).map(({ verb }) => verb))
  if ((verbs.has('StopDomain') || verbs.has('UndefineDomain')) && !verbs.has('StartDomain')) return () => true
  const { namespace } = parseKey(change.key)
  const wanted = context.desired(change.key)
  const staysOff = wanted?.kind === 'VirtualMachine' && !startsByItself(runStrategyOf(wanted))
  if (staysOff && verbs.has('DefineDomain') && runningOf(context, change.key) === undefined) return () => true
  const kept = wanted?.kind === 'VirtualMachine' ? usesOf(namespace, wanted.object.spec.template) : nothing
  if (verbs.has('StopDomain') || verbs.has('RestartDomain')) return (disk) => !kept.has(disk)
  if (!verbs.has('HotplugDomain')) return () => false
  const unplugged = new Set(
    change.fields.flatMap(({ path, disruption }) =>
      disruption === 'hotplug' || disruption === 'live' ? (/^spec\.template\.spec\.volumes\[([^\]]+)\]/.exec(path)?.[1] ?? []) : [],
    ),
  )
  const volumes = runningOf(context, change.key)?.template.spec?.volumes?.filter(({ name }) => unplugged.has(name)) ?? []
  const goes = new Set(volumeKeys(namespace, { spec: { domain: { devices: {} }, volumes } }))
  return (disk) => goes.has(disk) && !kept.has(disk)
}

type Wish = { readonly disk: ObjectKey; readonly use: Use; readonly but: ObjectKey }

/** Another guest that has the disk and shares it not, whether Git still gives it the disk or not. */
function holderOf(context: PlanContext, users: VolumeUsers, { disk, use, but }: Wish): ObjectKey | undefined {
  for (const key of [...users.of(disk)].sort()) {
    const held = key === but ? undefined : claimedBy(context, key).get(disk)
    if (held !== undefined && clash(use, held)) return key
  }
  return undefined
}

const nothing: Uses = new Map()

/** What a machine's guest runs with; undefined while none runs. */
function runningOf(context: PlanContext, key: ObjectKey): MachineSpec | undefined {
  return machineSightings(context, key).find(({ object }) => holding.has(object.state))?.object.booted
}

/** The same with a guest that is off for a moment, as between two runs: it comes back to what is defined. */
function claimedBy(context: PlanContext, key: ObjectKey): Uses {
  const coming = machineSightings(context, key).find(({ object }) => comesBack(object))?.object.applied
  return coming === undefined ? heldBy(context, key) : usesOf(coming.namespace, coming.template)
}

function comesBack({ state, applied, power, runs }: ObservedMachine): boolean {
  const isOff = state === 'off' || state === 'crashed'
  return isOff && power?.request !== 'stop' && (applied?.runStrategy === 'Always' || runs?.nextStartAt !== undefined)
}

/** What the running guest of a machine does with its disks. */
function heldBy(context: PlanContext, key: ObjectKey): Uses {
  const running = runningOf(context, key)
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

/**
 * Holds the growth of a disk back while a guest has it that only reads it: QEMU resizes no such disk, and lets nobody else do so. One that
 * lets go of it in the same plan goes first.
 */
export function guardReadDisks(context: PlanContext, drafts: readonly Draft[], users: VolumeUsers): void {
  const growing = drafts.filter(({ change }) => change.steps.some(({ verb }) => verb === 'ResizeVolume'))
  if (growing.length === 0) return
  const released = releases(context, drafts)
  for (const { change, blocked } of growing) {
    const steps = change.steps.filter(({ verb }) => verb === 'ResizeVolume').map(({ id }) => id)
    const readers = [...users.of(change.key)].sort().filter((user) => heldBy(context, user).get(change.key) === 'read')
    const stays = readers.find((user) => released.get(user)?.has(change.key) !== true)
    if (stays === undefined) change.after.push(...readers)
    else blocked.push({ ...onlyRead(stays), steps })
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
