import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type {
  Devices as SpecDevices,
  Interface,
  VirtualMachineInstanceSpec,
  Volume,
} from '../../../../schemas/generated/virtual-machine.ts'
import { volumePlace } from '../../../../reconciler/lib/volume-place.ts'
import { credentialInputs, volumeInputs } from '../../../../reconciler/lib/volume-inputs.ts'
import { aliasOf } from '../mark.ts'
import { pluggable } from './pluggable.ts'
import { child, childrenOf, type XmlElement } from '../xml.ts'
import { sourceText } from './hotplug.ts'
import { disksOf } from './disks.ts'
import { vmiSpec } from './input.ts'

type Named = { readonly name: string }

export type Running = { readonly live: XmlElement; readonly definition: XmlElement }

/** What a guest runs with after hotplug: as it was booted, but for the disks, media, NICs and links that came, went or changed. Pure. */
export function mergeBooted(booted: MachineSpec, applied: MachineSpec, running: Running): MachineSpec {
  const { disks, nics } = pluggable(booted, applied)
  const live = devicesOf(running.live)
  const wanted = devicesOf(running.definition)
  const drives = drivesOf(booted).intersection(drivesOf(applied))
  const hasMedium = mediumTest(drives, { live, wanted })
  const before = vmiSpec(booted)
  const after = vmiSpec(applied)
  const disk = { changeable: disks, isPresent: (name: string) => live.has(aliasOf('disk', name)) }
  const medium = {
    changeable: disks.union(drives),
    isPresent: (name: string) => (drives.has(name) ? mediumIn(live, name) !== '' : disk.isPresent(name)),
    // What was made anew in its old place is not what the guest has open.
    adapt: (old: Volume, next: Volume): Volume => (hasMedium(next.name) && volumePlace(old) !== volumePlace(next) ? next : old),
  }
  const nic = { changeable: nics, isPresent: (name: string) => live.has(aliasOf('nic', name)) }
  const devices = {
    ...before.domain.devices,
    ...queueFlags(before.domain.devices, after.domain.devices, { live, wanted }),
    ...defined('disks', merge(before.domain.devices.disks, after.domain.devices.disks, disk)),
    ...defined('interfaces', merge(before.domain.devices.interfaces, after.domain.devices.interfaces, { ...nic, adapt: adaptLink(live) })),
  }
  const spec = {
    ...before,
    domain: { ...before.domain, devices },
    ...defined('volumes', merge(before.volumes, after.volumes, medium)),
    ...defined('networks', merge(before.networks, after.networks, nic)),
  }
  return { ...booted, inputs: mergeInputs(booted, applied, spec), template: { ...booted.template, spec } }
}

/** Digests of what the guest's media are made from: of those that came while it ran, as they were made then. */
function mergeInputs(booted: MachineSpec, applied: MachineSpec, spec: VirtualMachineInstanceSpec): MachineSpec['inputs'] {
  const old = new Set(vmiSpec(booted).volumes)
  const isOld = (volume: Volume): boolean => old.has(volume)
  const inputsOf = (volumes: readonly Volume[]): string[] =>
    volumes.flatMap((volume) => volumeInputs(booted.namespace, volume)).map(({ key }) => key)
  const volumes = spec.volumes ?? []
  const kept = new Set([...inputsOf(volumes.filter(isOld)), ...credentialInputs(booted.namespace, spec).map(({ key }) => key)])
  const came = inputsOf(volumes.filter((volume) => !isOld(volume))).filter((key) => !kept.has(key))
  return {
    ...booted.inputs,
    ...Object.fromEntries(came.flatMap((key) => (applied.inputs[key] === undefined ? [] : [[key, applied.inputs[key]]]))),
  }
}

function defined<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>
}

type Devices = ReadonlyMap<string, XmlElement>

function devicesOf(domain: XmlElement): Devices {
  const devices = ['disk', 'interface'].flatMap((kind) => childrenOf(child(domain, 'devices'), kind))
  return new Map(devices.map((device) => [child(device, 'alias')?.attributes['name'] ?? '', device]))
}

type QueueFlags = Pick<SpecDevices, 'blockMultiQueue' | 'networkInterfaceMultiqueue'>

/** Devices that were plugged came with the queues of the definition: where all have those, the flag that asks for them is in force. */
function queueFlags(before: QueueFlags, after: QueueFlags, { live, wanted }: { live: Devices; wanted: Devices }): QueueFlags {
  const queuesOf = (device: XmlElement | undefined): string | undefined => child(device, 'driver')?.attributes['queues']
  const inForce = (flag: keyof QueueFlags, kind: string): QueueFlags => {
    const value = after[flag] ?? false
    const devices = [...live].filter(([alias, { name }]) => name === kind && wanted.has(alias))
    const isDone = devices.every(([alias, device]) => queuesOf(device) === queuesOf(wanted.get(alias)))
    return isDone && value !== (before[flag] ?? false) ? { [flag]: value } : {}
  }
  return { ...inForce('blockMultiQueue', 'disk'), ...inForce('networkInterfaceMultiqueue', 'interface') }
}

function drivesOf(machine: MachineSpec): Set<string> {
  return new Set(disksOf(machine).flatMap(({ name, cdrom }) => (cdrom === undefined ? [] : [name])))
}

/** Tells whether a drive of the guest has the medium of the definition; a disk that is no drive never changes its content. */
function mediumTest(drives: ReadonlySet<string>, { live, wanted }: { live: Devices; wanted: Devices }): (name: string) => boolean {
  return (name) => drives.has(name) && mediumIn(live, name) !== undefined && mediumIn(live, name) === mediumIn(wanted, name)
}

/** Where the content of a disk lies; empty for an empty drive, undefined where there is no such disk. */
function mediumIn(devices: Devices, name: string): string | undefined {
  const device = devices.get(aliasOf('disk', name))
  return device === undefined ? undefined : sourceText(device)
}

/** The link's state is set in place whatever else of the NIC waits. */
function adaptLink(live: Devices): (old: Interface, next: Interface) => Interface {
  return (old, next) => {
    const link = child(live.get(aliasOf('nic', old.name)), 'link')?.attributes['state'] ?? 'up'
    const { state: _, ...rest } = old
    if (next.state === 'absent' || old.state === 'absent' || link !== (next.state === 'down' ? 'down' : 'up')) return old
    return next.state === undefined ? rest : { ...rest, state: next.state }
  }
}

type Merging<T> = {
  /** Names that hotplug may add to or take from the guest. */
  readonly changeable: ReadonlySet<string>
  readonly isPresent: (name: string) => boolean
  /** What changes in place of an entry that is in both lists. */
  readonly adapt?: (old: T, next: T) => T
}

/** The old list with the entries that went left out, and those that came behind it: the order of what stays is the guest's. */
function merge<T extends Named>(before: readonly T[] | undefined, after: readonly T[] | undefined, how: Merging<T>): T[] | undefined {
  if (before === undefined && after === undefined) return undefined
  const now = new Map((after ?? []).map((item) => [item.name, item]))
  const known = new Set((before ?? []).map(({ name }) => name))
  const kept = (before ?? []).flatMap((old) => {
    const next = now.get(old.name)
    if (next === undefined) return how.changeable.has(old.name) && !how.isPresent(old.name) ? [] : [old]
    // An entry that only switches its device on or off is in both lists.
    if (how.changeable.has(old.name) && isAbsent(old) !== isAbsent(next)) return [how.isPresent(old.name) === isAbsent(next) ? old : next]
    return [how.adapt?.(old, next) ?? old]
  })
  const came = (after ?? []).filter(({ name }) => !known.has(name) && how.changeable.has(name) && how.isPresent(name))
  return [...kept, ...came]
}

function isAbsent(entry: object): boolean {
  return 'state' in entry && entry.state === 'absent'
}
