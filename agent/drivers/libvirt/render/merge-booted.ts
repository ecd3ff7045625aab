import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { aliasOf } from '../mark.ts'
import { pluggable } from '../observe/template-diff.ts'
import { child, childrenOf, type XmlElement } from '../xml.ts'
import { vmiSpec } from './input.ts'

type Named = { readonly name: string }

/** What a guest runs with after hotplug: as it was booted, but for the disks and NICs that came, went or changed. Pure. */
export function mergeBooted(booted: MachineSpec, applied: MachineSpec, live: XmlElement): MachineSpec {
  const { disks, nics } = pluggable(booted, applied)
  const present = new Set(
    ['disk', 'interface']
      .flatMap((kind) => childrenOf(child(live, 'devices'), kind))
      .map((device) => child(device, 'alias')?.attributes['name'] ?? ''),
  )
  const before = vmiSpec(booted)
  const after = vmiSpec(applied)
  const mergeDisks = merger(disks, (name) => present.has(aliasOf('disk', name)))
  const mergeNics = merger(nics, (name) => present.has(aliasOf('nic', name)))
  const devices = {
    ...before.domain.devices,
    ...defined('disks', mergeDisks(before.domain.devices.disks, after.domain.devices.disks)),
    ...defined('interfaces', mergeNics(before.domain.devices.interfaces, after.domain.devices.interfaces)),
  }
  const spec = {
    ...before,
    domain: { ...before.domain, devices },
    ...defined('volumes', mergeDisks(before.volumes, after.volumes)),
    ...defined('networks', mergeNics(before.networks, after.networks)),
  }
  return { ...booted, template: { ...booted.template, spec } }
}

function defined<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>
}

type Merge = <T extends Named>(before: readonly T[] | undefined, after: readonly T[] | undefined) => T[] | undefined

/** Takes the new entry of a name that could be plugged, if the guest has the device; in the order of the new list. */
function merger(changeable: ReadonlySet<string>, isPresent: (name: string) => boolean): Merge {
  return (before, after) => {
    if (before === undefined && after === undefined) return undefined
    const old = new Map((before ?? []).map((item) => [item.name, item]))
    const now = new Map((after ?? []).map((item) => [item.name, item]))
    const names = [...new Set([...now.keys(), ...old.keys()])]
    return names.flatMap((name) => {
      const kept = old.get(name)
      if (!changeable.has(name)) return kept === undefined ? [] : [kept]
      const next = now.get(name)
      if (next === undefined) return kept !== undefined && isPresent(name) ? [kept] : []
      return isPresent(name) ? [next] : kept === undefined ? [] : [kept]
    })
  }
}
