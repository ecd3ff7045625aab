import type { Disk } from '../../../../schemas/generated/virtual-machine.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { aliasOf } from '../mark.ts'
import { child, childrenOf, element, type XmlElement } from '../xml.ts'
import { vcpuCount } from './cpu.ts'
import { domainSpec, invalidMachine, vmiSpec, type DiskSource, type Rendered, type RenderInput } from './input.ts'
import { pciAddress } from './pci.ts'

export type Bus = 'virtio' | 'scsi' | 'sata' | 'usb'

/** The disks of the manifest, and one for each volume that has none (upstream's default: a SATA disk). */
export function disksOf(machine: MachineSpec): readonly Disk[] {
  const disks = domainSpec(machine).devices.disks ?? []
  const named = new Set(disks.map((disk) => disk.name))
  const media = (vmiSpec(machine).volumes ?? []).filter((volume) => volume.downwardMetrics === undefined && volume.memoryDump === undefined)
  return [
    ...disks,
    ...media.filter((volume) => !named.has(volume.name)).map((volume): Disk => ({ name: volume.name, disk: { bus: 'sata' } })),
  ]
}

/** Upstream's default bus is SATA. @throws GitvirtError `InvalidMachine` */
export function busOf(machine: MachineSpec, disk: Disk): Bus {
  const bus = disk.cdrom?.bus ?? disk.lun?.bus ?? disk.disk?.bus ?? 'sata'
  if (!(disk.cdrom !== undefined && bus === 'virtio')) return bus
  throw invalidMachine(machine, `spec.template.spec.domain.devices.disks[${disk.name}]: the bus "${bus}" is not possible here.`)
}

const prefixes: Readonly<Record<Bus, string>> = { virtio: 'vd', scsi: 'sd', sata: 'sd', usb: 'sd' }

/** `<disk>` for each disk whose volume has a source. */
export function renderDisks(input: RenderInput): Rendered {
  const notes: string[] = []
  const names = targetNames(input)
  const elements: XmlElement[] = []
  for (const disk of disksOf(input.machine)) {
    const source = input.sources.get(disk.name)
    const empty = source === undefined && disk.cdrom !== undefined
    if (source === undefined && !empty) continue
    elements.push(renderDisk({ input, disk, source, target: names.get(disk.name) ?? 'vda', notes }))
  }
  return { elements, notes }
}

/** A disk keeps the target that it has; a new one takes the first free letter of its kind. */
function targetNames(input: RenderInput): ReadonlyMap<string, string> {
  const old = new Map<string, { bus: string; dev: string }>()
  for (const item of childrenOf(child(input.previous, 'devices'), 'disk')) {
    const target = child(item, 'target')?.attributes ?? {}
    old.set(child(item, 'alias')?.attributes['name'] ?? '', { bus: target['bus'] ?? '', dev: target['dev'] ?? '' })
  }
  const names = new Map<string, string>()
  const disks = disksOf(input.machine)
  for (const disk of disks) {
    const kept = old.get(aliasOf('disk', disk.name))
    if (kept !== undefined && kept.bus === busOf(input.machine, disk)) names.set(disk.name, kept.dev)
  }
  for (const disk of disks) {
    if (names.has(disk.name)) continue
    const taken = new Set(names.values())
    const prefix = prefixes[busOf(input.machine, disk)]
    for (let index = 0; !names.has(disk.name); index += 1) {
      const name = `${prefix}${letters(index)}`
      if (!taken.has(name)) names.set(disk.name, name)
    }
  }
  return names
}

/** 0 -> a, 25 -> z, 26 -> aa. */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26))
  return index < 26 ? last : `${letters(Math.floor(index / 26) - 1)}${last}`
}

type DiskParts = {
  readonly input: RenderInput
  readonly disk: Disk
  readonly source: DiskSource | undefined
  readonly target: string
  readonly notes: string[]
}

function renderDisk(parts: DiskParts): XmlElement {
  const { input, disk, source, target, notes } = parts
  const bus = busOf(input.machine, disk)
  const type = source?.type ?? 'file'
  const device = deviceOf(disk, type, notes)
  // QEMU has no read-only SATA disk. A seed on one is a file of this machine alone, and is made anew by each definition.
  const sealed = source?.readonly === true && !(bus === 'sata' && source.made === true)
  const readonly = device === 'cdrom' || disk.disk?.readonly === true || disk.lun?.readonly === true || sealed
  const shareable = disk.shareable === true || source?.shareable === true
  const tray = disk.cdrom?.tray === 'open' ? 'open' : undefined
  noteDisk(disk, notes)
  return element('disk', { type, device, model: undefined }, [
    driverOf(parts, device, shareable),
    source === undefined ? undefined : element('source', type === 'file' ? { file: source.path } : { dev: source.path }),
    element('target', { dev: target, bus, tray }),
    blockIo(disk),
    readonly && device !== 'lun' ? element('readonly') : undefined,
    shareable && !readonly ? element('shareable') : undefined,
    disk.serial === undefined || disk.serial === '' || device === 'lun' ? undefined : element('serial', {}, disk.serial),
    disk.bootOrder === undefined ? undefined : element('boot', { order: disk.bootOrder }),
    element('alias', { name: aliasOf('disk', disk.name) }),
    disk.disk?.pciAddress === undefined ? undefined : pciAddress(input.machine, disk.disk.pciAddress),
  ])
}

function deviceOf(disk: Disk, type: 'file' | 'block', notes: string[]): 'disk' | 'cdrom' | 'lun' {
  if (disk.cdrom !== undefined) return 'cdrom'
  if (disk.lun === undefined) return 'disk'
  if (type === 'block') return 'lun'
  notes.push(`spec.template.spec.domain.devices.disks[${disk.name}].lun: SCSI commands reach only a block device; the guest gets a disk.`)
  return 'disk'
}

function driverOf(parts: DiskParts, device: string, shareable: boolean): XmlElement {
  const { input, disk, source } = parts
  const virtio = busOf(input.machine, disk) === 'virtio'
  const queues = domainSpec(input.machine).devices.blockMultiQueue === true && virtio ? vcpuCount(input.machine) : undefined
  // Linux AIO and images that several guests write bypass the host's page cache, or QEMU refuses them. A drive only ever reads.
  const cache = disk.cache ?? (disk.io === 'native' || (shareable && device !== 'cdrom') ? 'none' : undefined)
  const writable = device === 'disk' && source?.readonly !== true
  return element('driver', {
    name: 'qemu',
    type: source?.format ?? 'raw',
    cache,
    io: disk.io,
    error_policy: errorPolicy(disk),
    discard: writable ? 'unmap' : undefined,
    queues,
    iothread: virtio ? ioThreadOf(input.machine, disk) : undefined,
  })
}

/** Upstream's default is `stop`: the guest is paused on an I/O error. */
function errorPolicy(disk: Disk): string | undefined {
  if (disk.cdrom !== undefined) return undefined
  return disk.errorPolicy ?? 'stop'
}

function blockIo(disk: Disk): XmlElement | undefined {
  const custom = disk.blockSize?.custom
  if (custom === undefined) return undefined
  return element('blockio', { logical_block_size: custom.logical, physical_block_size: custom.physical })
}

function noteDisk(disk: Disk, notes: string[]): void {
  const path = `spec.template.spec.domain.devices.disks[${disk.name}]`
  if (disk.blockSize?.custom?.discardGranularity !== undefined)
    notes.push(`${path}.blockSize.custom.discardGranularity: libvirt cannot set it here.`)
  if (disk.blockSize?.matchVolume?.enabled === true)
    notes.push(`${path}.blockSize.matchVolume: image files have no block size of their own.`)
  if (disk.lun?.reservation === true) notes.push(`${path}.lun.reservation: this host runs no persistent-reservation helper.`)
  if (disk.changedBlockTracking === true) notes.push(`${path}.changedBlockTracking: this host takes no incremental backups.`)
}

/** How many I/O threads the domain has. Source: KubeVirt user guide, "IOThreads". */
export function ioThreadCount(machine: MachineSpec): number {
  const { dedicated, pooled, pool } = ioThreadPlan(machine)
  return (pooled.length > 0 ? pool : 0) + dedicated.length
}

type IoThreadPlan = { readonly dedicated: readonly string[]; readonly pooled: readonly string[]; readonly pool: number }

function ioThreadPlan(machine: MachineSpec): IoThreadPlan {
  const { ioThreadsPolicy, ioThreads } = domainSpec(machine)
  const virtio = disksOf(machine).filter((disk) => busOf(machine, disk) === 'virtio')
  const dedicated = virtio.filter((disk) => disk.dedicatedIOThread === true).map((disk) => disk.name)
  const rest = virtio.filter((disk) => disk.dedicatedIOThread !== true).map((disk) => disk.name)
  if (ioThreadsPolicy === undefined) return { dedicated, pooled: dedicated.length > 0 ? rest : [], pool: 1 }
  if (ioThreadsPolicy === 'shared') return { dedicated, pooled: rest, pool: 1 }
  if (ioThreadsPolicy === 'supplementalPool') return { dedicated, pooled: rest, pool: ioThreads?.supplementalPoolThreadCount ?? 1 }
  const most = Math.max(1, 2 * vcpuCount(machine) - dedicated.length)
  return { dedicated, pooled: rest, pool: Math.max(1, Math.min(rest.length, most)) }
}

function ioThreadOf(machine: MachineSpec, disk: Disk): number | undefined {
  const { dedicated, pooled, pool } = ioThreadPlan(machine)
  const shared = pooled.indexOf(disk.name)
  if (shared >= 0) return (shared % pool) + 1
  const own = dedicated.indexOf(disk.name)
  return own < 0 ? undefined : (pooled.length > 0 ? pool : 0) + own + 1
}

/** SCSI needs its controller of the virtio model; libvirt would add an emulated one. */
export function diskControllers(machine: MachineSpec): readonly XmlElement[] {
  const used = new Set(disksOf(machine).map((disk) => busOf(machine, disk)))
  return used.has('scsi') ? [element('controller', { type: 'scsi', index: 0, model: 'virtio-scsi' })] : []
}

/** True where a device needs a USB controller. */
export function usesUsbDisk(machine: MachineSpec): boolean {
  return disksOf(machine).some((disk) => busOf(machine, disk) === 'usb')
}
