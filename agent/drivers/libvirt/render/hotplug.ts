import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { Pluggable } from './pluggable.ts'
import { aliasOf } from '../mark.ts'
import { child, childrenOf, type XmlElement } from '../xml.ts'
import { disksOf } from './disks.ts'
import { nicsOf } from './interfaces.ts'

export type DeviceChange = { readonly verb: 'attach' | 'detach' | 'update'; readonly device: XmlElement; readonly label: string }

export type HotplugInput = {
  readonly live: XmlElement
  /** The inactive definition, as libvirt completed it. */
  readonly definition: XmlElement
  readonly pluggable: Pluggable
  readonly booted: MachineSpec
  readonly applied: MachineSpec
}

/** What to do to a running guest so that its disks and NICs are those of the definition; detaches come first. Pure. */
export function planHotplug(input: HotplugInput): readonly DeviceChange[] {
  const known = knownAliases(input)
  const detaches: DeviceChange[] = []
  const others: DeviceChange[] = []
  for (const kind of ['disk', 'interface']) {
    const wanted = byAlias(input.definition, kind)
    const present = byAlias(input.live, kind)
    for (const device of childrenOf(child(input.live, 'devices'), kind)) {
      const alias = aliasName(device)
      if (wanted.has(alias)) continue
      // A device that nobody declared was attached by hand; one that was declared goes only where that needs no restart.
      if (!known.all.has(alias) || known.pluggable.has(alias)) detaches.push({ verb: 'detach', device, label: labelOf(device) })
    }
    for (const [alias, device] of wanted) {
      const twin = present.get(alias)
      if (twin === undefined) {
        if (known.pluggable.has(alias) || known.both.has(alias))
          others.push({ verb: 'attach', device: onKnownThread(device, input), label: labelOf(device) })
      } else {
        const update = updated(twin, device)
        if (update !== undefined) others.push({ verb: 'update', device: update, label: labelOf(device) })
      }
    }
  }
  return [...detaches, ...missingControllers(input, others), ...others]
}

/** SCSI controllers that a guest without any needs first: libvirt itself would add one that has no place on a q35 machine. */
function missingControllers({ live, definition }: HotplugInput, changes: readonly DeviceChange[]): DeviceChange[] {
  if (!changes.some(({ verb, device }) => verb === 'attach' && child(device, 'target')?.attributes['bus'] === 'scsi')) return []
  const present = new Set(scsiControllers(live).map(({ attributes }) => attributes['index']))
  return scsiControllers(definition)
    .filter(({ attributes }) => !present.has(attributes['index']))
    .map((device) => ({ verb: 'attach', device, label: `the SCSI controller ${device.attributes['index'] ?? ''}` }))
}

function scsiControllers(domain: XmlElement): readonly XmlElement[] {
  return childrenOf(child(domain, 'devices'), 'controller').filter(({ attributes }) => attributes['type'] === 'scsi')
}

type Known = { readonly all: ReadonlySet<string>; readonly both: ReadonlySet<string>; readonly pluggable: ReadonlySet<string> }

function knownAliases(input: HotplugInput): Known {
  const before = aliasesOf(input.booted)
  const after = aliasesOf(input.applied)
  return {
    all: new Set([...before, ...after]),
    both: new Set([...before].filter((alias) => after.has(alias))),
    pluggable: new Set([
      ...[...input.pluggable.disks].map((name) => aliasOf('disk', name)),
      ...[...input.pluggable.nics].map((name) => aliasOf('nic', name)),
    ]),
  }
}

function aliasesOf(machine: MachineSpec): Set<string> {
  return new Set([
    ...disksOf(machine).map((disk) => aliasOf('disk', disk.name)),
    ...nicsOf(machine).map((nic) => aliasOf('nic', nic.interface.name)),
  ])
}

function aliasName(device: XmlElement): string {
  return child(device, 'alias')?.attributes['name'] ?? ''
}

function byAlias(domain: XmlElement, kind: string): Map<string, XmlElement> {
  return new Map(childrenOf(child(domain, 'devices'), kind).map((device) => [aliasName(device), device]))
}

function labelOf(device: XmlElement): string {
  return `${device.name} ${child(device, 'target')?.attributes['dev'] ?? child(device, 'mac')?.attributes['address'] ?? ''}`.trim()
}

/** The device with the medium or link state of the definition, or undefined where they are the same. */
function updated(live: XmlElement, wanted: XmlElement): XmlElement | undefined {
  if (live.name === 'disk' && live.attributes['device'] === 'cdrom') return mediaUpdate(live, wanted)
  if (live.name !== 'interface') return undefined
  const now = child(live, 'link')?.attributes['state'] ?? 'up'
  const then = child(wanted, 'link')?.attributes['state'] ?? 'up'
  if (now === then) return undefined
  return {
    ...live,
    children: [...live.children.filter((item) => item.name !== 'link'), { name: 'link', attributes: { state: then }, children: [] }],
  }
}

function mediaUpdate(live: XmlElement, wanted: XmlElement): XmlElement | undefined {
  if (sourceText(live) === sourceText(wanted)) return undefined
  const source = child(wanted, 'source')
  const type = wanted.attributes['type'] ?? 'file'
  // The format of an image is an attribute of the driver.
  const format = child(wanted, 'driver')?.attributes['type']
  const rest = live.children
    .filter((item) => item.name !== 'source' && item.name !== 'backingStore')
    .map((item) => (item.name === 'driver' && format !== undefined ? { ...item, attributes: { ...item.attributes, type: format } } : item))
  return { ...live, attributes: { ...live.attributes, type }, children: [...rest, ...(source === undefined ? [] : [source])] }
}

/** Where a disk's content lies, as one text; empty for a drive without a medium. */
export function sourceText(disk: XmlElement): string {
  const { file, dev } = child(disk, 'source')?.attributes ?? {}
  return file ?? dev ?? ''
}

/** A disk for a running guest: without an I/O thread where the next start has other ones, whose numbers mean other disks now. */
function onKnownThread(device: XmlElement, { live, definition }: HotplugInput): XmlElement {
  if (threadsOf(live) === threadsOf(definition)) return device
  const children = device.children.map((item) => {
    const { iothread: _, ...attributes } = item.attributes
    return item.name === 'driver' ? { ...item, attributes } : item
  })
  return { ...device, children }
}

function threadsOf(domain: XmlElement): number {
  return Number(child(domain, 'iothreads')?.text ?? 0)
}
