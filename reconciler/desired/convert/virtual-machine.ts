import type { JsonObject } from './json.ts'
import { isObject, listAt, objectAt, renameKey, textAt } from './json.ts'

export type ConvertedMachine = { readonly object: JsonObject; readonly notes: readonly string[] }

/**
 * Rewrites what old KubeVirt versions wrote otherwise, where it can be told with certainty:
 * - a volume's `registryDisk` is today's `containerDisk`;
 * - a disk's `volumeName` named its volume, where today the disk has the volume's name. It is resolved when exactly one volume has
 *   that name, no other disk uses it, and no volume has the disk's own name. Anything else stays, and validation refuses it.
 * Source: KubeVirt's API changes before v1alpha3.
 */
export function convertVirtualMachine(object: JsonObject): ConvertedMachine {
  const spec = objectAt(objectAt(objectAt(object, 'spec'), 'template'), 'spec')
  const disks = listAt(objectAt(objectAt(spec, 'domain'), 'devices'), 'disks')
  const volumes = listAt(spec, 'volumes')
  const oldDisks = disks.some((disk) => isObject(disk) && Object.hasOwn(disk, 'volumeName'))
  const oldVolumes = volumes.some((volume) => isObject(volume) && Object.hasOwn(volume, 'registryDisk'))
  if (!oldDisks && !oldVolumes) return { object, notes: [] }
  const notes: string[] = []
  const newVolumes = volumes.map((volume) => convertVolume(volume, notes))
  const newDisks = disks.map((disk) => convertDisk(disk, { disks, volumes }, notes))
  return { object: replaceDisks(object, newDisks, newVolumes), notes }
}

function convertVolume(volume: unknown, notes: string[]): unknown {
  if (!isObject(volume) || !Object.hasOwn(volume, 'registryDisk') || Object.hasOwn(volume, 'containerDisk')) return volume
  notes.push(`volume ${textAt(volume, 'name') ?? '(without a name)'}: registryDisk was renamed to containerDisk.`)
  return renameKey(volume, 'registryDisk', 'containerDisk')
}

type Lists = { readonly disks: readonly unknown[]; readonly volumes: readonly unknown[] }

function convertDisk(disk: unknown, lists: Lists, notes: string[]): unknown {
  const wanted = textAt(disk, 'volumeName')
  const name = textAt(disk, 'name')
  if (!isObject(disk) || wanted === undefined || name === undefined || !isCertain(name, wanted, lists)) return disk
  notes.push(`disk ${name}: it now has the name of its volume, ${wanted}, in place of volumeName.`)
  const { volumeName: _, ...rest } = disk
  return { ...rest, name: wanted }
}

function isCertain(name: string, wanted: string, { disks, volumes }: Lists): boolean {
  const named = (list: readonly unknown[], field: string, value: string): number =>
    list.filter((entry) => textAt(entry, field) === value).length
  if (named(volumes, 'name', wanted) !== 1 || named(disks, 'volumeName', wanted) !== 1) return false
  return name === wanted || (named(volumes, 'name', name) === 0 && named(disks, 'name', wanted) === 0)
}

function replaceDisks(object: JsonObject, disks: readonly unknown[], volumes: readonly unknown[]): JsonObject {
  const spec = objectAt(object, 'spec')
  const template = objectAt(spec, 'template')
  const inner = objectAt(template, 'spec')
  const domain = objectAt(inner, 'domain')
  const devices = { ...objectAt(domain, 'devices'), ...(disks.length > 0 ? { disks } : {}) }
  const newInner = { ...inner, domain: { ...domain, devices }, ...(volumes.length > 0 ? { volumes } : {}) }
  return { ...object, spec: { ...spec, template: { ...template, spec: newInner } } }
}

/** What to do about a `volumeName` that is still there after conversion: an advice for the field's finding. */
export const volumeNameAdvice =
  'Old KubeVirt versions named the volume of a disk here. Give the disk (spec.template.spec.domain.devices.disks[].name, not inside disk:) the name of its volume, and remove volumeName.'
