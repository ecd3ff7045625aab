import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { canonicalJson } from '../../../../reconciler/lib/digest.ts'
import { busOf, disksOf } from './disks.ts'
import { nicsOf } from './interfaces.ts'

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
