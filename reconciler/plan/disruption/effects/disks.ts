import type { Disk, VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import { guestTopology, vcpusOf } from '../../../lib/guest-size.ts'
import type { Effect } from './guest.ts'
import { mediumOf, type Medium } from './media.ts'

/** A disk that shows a volume; one that none shows is on SATA, as upstream. */
function diskOf({ domain, volumes = [] }: VirtualMachineInstanceSpec, name: string): Disk | undefined {
  const disk = domain.devices.disks?.find((one) => one.name === name)
  return disk ?? (volumes.some((volume) => volume.name === name) ? { name, disk: {} } : undefined)
}

function busOf({ cdrom, lun, disk }: Disk): string {
  return cdrom?.bus ?? lun?.bus ?? disk?.bus ?? 'sata'
}

/** A disk as the guest has it, whatever is in it. A LUN stands on an image file here, so it is a disk. */
export const disk: Effect = (guest, name) => {
  const wanted = diskOf(guest.spec, name)
  const medium = mediumOf(guest, name)
  if (wanted === undefined || (medium === undefined && wanted.cdrom === undefined)) return undefined
  const { bootOrder, cdrom, io, blockSize } = wanted
  return {
    ...accessOf(wanted, medium),
    bus: busOf(wanted),
    tray: cdrom?.tray === 'open',
    io,
    errorPolicy: cdrom === undefined ? (wanted.errorPolicy ?? 'stop') : undefined,
    queues: queuesOf(guest.spec, wanted),
    blockSize: [blockSize?.custom?.logical, blockSize?.custom?.physical],
    serial: wanted.serial === '' ? undefined : wanted.serial,
    bootOrder,
    pciAddress: wanted.disk?.pciAddress,
  }
}

function accessOf(wanted: Disk, medium: Medium | undefined): object {
  const { cdrom, lun, disk: plain } = wanted
  // QEMU has no read-only SATA disk, so a seed on one is not marked.
  const sealed = medium?.readonly === true && !(busOf(wanted) === 'sata' && medium.made === true)
  const readonly = cdrom !== undefined || plain?.readonly === true || lun?.readonly === true || sealed
  const shareable = wanted.shareable === true || medium?.shareable === true
  return {
    drive: cdrom !== undefined,
    readonly,
    shareable: shareable && !readonly,
    cache: wanted.cache ?? (wanted.io === 'native' || (shareable && cdrom === undefined) ? 'none' : undefined),
    discards: cdrom === undefined && medium?.readonly !== true,
  }
}

function queuesOf(spec: VirtualMachineInstanceSpec, wanted: Disk): number | undefined {
  const isMany = spec.domain.devices.blockMultiQueue === true && busOf(wanted) === 'virtio'
  return isMany ? vcpusOf(guestTopology(spec.domain)) : undefined
}

/** The same with what is in it. */
export const diskWithMedium: Effect = (guest, name) => {
  const medium = mediumOf(guest, name)
  return [disk(guest, name), medium?.place, medium?.content]
}

/** Every disk of the guest. */
export const disks: Effect = (guest) => allDisks(guest.spec).map(({ name }) => [name, disk(guest, name)])

function allDisks(spec: VirtualMachineInstanceSpec): readonly Disk[] {
  const shown = spec.domain.devices.disks ?? []
  const names = new Set(shown.map(({ name }) => name))
  const media = (spec.volumes ?? []).filter(({ name, downwardMetrics, memoryDump }) => !names.has(name) && !downwardMetrics && !memoryDump)
  return [...shown, ...media.map(({ name }): Disk => ({ name, disk: {} }))]
}

/** Threads that serve the disks on virtio, and which of them has which. Source: KubeVirt user guide, "IOThreads". */
export const ioThreads: Effect = ({ spec }) => {
  const { ioThreadsPolicy: policy, ioThreads: wanted } = spec.domain
  const virtio = allDisks(spec).filter((one) => busOf(one) === 'virtio')
  const dedicated = virtio.filter(({ dedicatedIOThread }) => dedicatedIOThread === true).map(({ name }) => name)
  const rest = virtio.filter(({ dedicatedIOThread }) => dedicatedIOThread !== true).map(({ name }) => name)
  const pooled = policy === undefined && dedicated.length === 0 ? [] : rest
  const most = Math.max(1, 2 * vcpusOf(guestTopology(spec.domain)) - dedicated.length)
  const supplement = policy === 'supplementalPool' ? (wanted?.supplementalPoolThreadCount ?? 1) : 1
  const pool = policy === 'auto' ? Math.max(1, Math.min(rest.length, most)) : supplement
  return { dedicated, pool: pooled.length === 0 ? 0 : pool, pooled }
}
