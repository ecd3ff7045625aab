import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { canonicalJson } from '../../../../reconciler/lib/digest.ts'
import { vcpuCount } from '../render/cpu.ts'
import { busOf, disksOf } from '../render/disks.ts'
import { nicsOf } from '../render/interfaces.ts'
import { guestBytes } from '../render/memory.ts'

/** Parts of the VMI spec that a running guest carries in it; the others are the reconciler's alone. */
const carried = ['domain', 'volumes', 'networks', 'hostname', 'accessCredentials', 'architecture']

/**
 * Paths that differ between what the guest was booted with and what is defined now, without those that hotplug brings to the
 * running guest: of the template, and of the Secrets and ConfigMaps that seeds are made of. Which of them are worth a restart, the
 * reconciler's disruption table tells.
 */
export function restartRequired(booted: MachineSpec, applied: MachineSpec): string[] {
  const before = (booted.template.spec ?? {}) as Record<string, unknown>
  const after = (applied.template.spec ?? {}) as Record<string, unknown>
  const paths = [
    ...carried.flatMap((name) => differences(before[name], after[name], `spec.template.spec.${name}`)),
    ...inputDifferences(booted.inputs, applied.inputs),
  ]
  const live = new Set([...pluggablePaths(booted, applied), ...sameSize(booted, applied)])
  return paths.filter((path) => !live.has(path) && ![...live].some((start) => path.startsWith(`${start}.`)))
}

/** Names of disks and NICs that hotplug may add to or take from a running guest. */
export type Pluggable = { readonly disks: ReadonlySet<string>; readonly nics: ReadonlySet<string> }

export function pluggable(booted: MachineSpec, applied: MachineSpec): Pluggable {
  const disks = new Set<string>()
  for (const [machine, other] of [
    [booted, applied],
    [applied, booted],
  ] as const) {
    const others = new Map(disksOf(other).map((disk) => [disk.name, disk]))
    for (const disk of disksOf(machine)) {
      const twin = others.get(disk.name)
      const media = disk.cdrom !== undefined && twin !== undefined && canonicalJson(disk) === canonicalJson(twin)
      if (media || (twin === undefined && disk.cdrom === undefined && ['virtio', 'scsi'].includes(busOf(machine, disk))))
        disks.add(disk.name)
    }
  }
  return { disks, nics: pluggableNics(booted, applied) }
}

function pluggableNics(booted: MachineSpec, applied: MachineSpec): ReadonlySet<string> {
  const nics = new Set<string>()
  for (const [machine, other] of [
    [booted, applied],
    [applied, booted],
  ] as const) {
    const others = new Map(nicsOf(other).map((nic) => [nic.interface.name, nic]))
    for (const { interface: item, network } of nicsOf(machine)) {
      const twin = others.get(item.name)
      if (twin === undefined && (item.model ?? 'virtio') === 'virtio') nics.add(item.name)
      if (
        twin !== undefined &&
        canonicalJson([{ ...item, state: '' }, network]) === canonicalJson([{ ...twin.interface, state: '' }, twin.network])
      )
        nics.add(item.name)
    }
  }
  return nics
}

function pluggablePaths(booted: MachineSpec, applied: MachineSpec): string[] {
  const { disks, nics } = pluggable(booted, applied)
  const spec = 'spec.template.spec'
  return [
    ...[...disks].flatMap((name) => [`${spec}.volumes[${name}]`, `${spec}.domain.devices.disks[${name}]`]),
    ...[...nics].flatMap((name) => [`${spec}.networks[${name}]`, `${spec}.domain.devices.interfaces[${name}]`]),
  ]
}

/** Requests and limits matter to the guest only where they decide its size. */
function sameSize(booted: MachineSpec, applied: MachineSpec): string[] {
  const same = vcpuCount(booted) === vcpuCount(applied) && guestBytes(booted) === guestBytes(applied)
  return same ? ['spec.template.spec.domain.resources'] : []
}

/** Secrets and ConfigMaps whose content is another, by their digests. */
function inputDifferences(before: MachineSpec['inputs'], after: MachineSpec['inputs']): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.filter((key) => before[key] !== after[key]).map((key) => `inputs[${key}]`)
}

/** Paths of the leaves that differ; list entries by name where they have one. */
function differences(before: unknown, after: unknown, path: string): string[] {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return []
  const one = entries(before)
  const other = entries(after)
  const added = before === undefined || after === undefined
  if (added || one === undefined || other === undefined) return [path]
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((key) => {
    const next = key.startsWith('[') ? `${path}${key}` : `${path}.${key}`
    return differences(one.get(key), other.get(key), next)
  })
}

function entries(value: unknown): Map<string, unknown> | undefined {
  if (Array.isArray(value)) return new Map(value.map((item: unknown, index) => [`[${nameOf(item) ?? index}]`, item]))
  if (value === undefined) return new Map()
  return value === null || typeof value !== 'object' ? undefined : new Map(Object.entries(value))
}

function nameOf(item: unknown): string | undefined {
  return item !== null && typeof item === 'object' && 'name' in item && typeof item.name === 'string' ? item.name : undefined
}
