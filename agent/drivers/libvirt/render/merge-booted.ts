import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { Interface, Volume } from '../../../../schemas/generated/virtual-machine.ts'
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
  const hasMedium = mediumTest(booted, applied, { live, wanted })
  const before = vmiSpec(booted)
  const after = vmiSpec(applied)
  const disk = { changeable: disks, isPresent: (name: string) => live.has(aliasOf('disk', name)) }
  const nic = { changeable: nics, isPresent: (name: string) => live.has(aliasOf('nic', name)) }
  const devices = {
    ...before.domain.devices,
    ...defined('disks', merge(before.domain.devices.disks, after.domain.devices.disks, disk)),
    ...defined('interfaces', merge(before.domain.devices.interfaces, after.domain.devices.interfaces, { ...nic, adapt: adaptLink(live) })),
  }
  const adapt = (old: Volume, next: Volume): Volume => (hasMedium(next.name) ? next : old)
  const spec = {
    ...before,
    domain: { ...before.domain, devices },
    ...defined('volumes', merge(before.volumes, after.volumes, { ...disk, adapt })),
    ...defined('networks', merge(before.networks, after.networks, nic)),
  }
  return { ...booted, template: { ...booted.template, spec } }
}

function defined<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>
}

type Devices = ReadonlyMap<string, XmlElement>

function devicesOf(domain: XmlElement): Devices {
  const devices = ['disk', 'interface'].flatMap((kind) => childrenOf(child(domain, 'devices'), kind))
  return new Map(devices.map((device) => [child(device, 'alias')?.attributes['name'] ?? '', device]))
}

/** Tells whether a drive of the guest has the medium of the definition; a disk that is no drive never changes its content. */
function mediumTest(
  booted: MachineSpec,
  applied: MachineSpec,
  { live, wanted }: { live: Devices; wanted: Devices },
): (name: string) => boolean {
  const drives = (machine: MachineSpec): Set<string> =>
    new Set(disksOf(machine).flatMap(({ name, cdrom }) => (cdrom === undefined ? [] : [name])))
  const both = drives(booted).intersection(drives(applied))
  return (name) => {
    const [now, then] = [live, wanted].map((devices) => devices.get(aliasOf('disk', name)))
    return both.has(name) && now !== undefined && then !== undefined && sourceText(now) === sourceText(then)
  }
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
