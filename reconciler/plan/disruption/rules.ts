import type { Disk, Interface, VirtualMachineInstanceSpec } from '../../../schemas/generated/virtual-machine.ts'
import { volumePlace } from '../../lib/volume-place.ts'
import { entryOf } from './effects/guest.ts'
import type { FieldContext, Verdict } from './row.ts'

type Side = 'from' | 'to'

function guestSpec(context: FieldContext, side: Side): VirtualMachineInstanceSpec | undefined {
  const root = context[side] as { spec?: { template?: { spec?: VirtualMachineInstanceSpec } } } | undefined
  return root?.spec?.template?.spec
}

function diskOf(context: FieldContext, side: Side): Disk | undefined {
  const name = entryOf(context.path)
  return guestSpec(context, side)?.domain.devices.disks?.find((disk) => disk.name === name)
}

const restart = (reason: string): Verdict => ({ disruption: 'restart', reason })

/** A disk is plugged in or pulled while the guest runs where its bus allows that. */
function diskHotplug(context: FieldContext, side: Side): Verdict {
  const disk = diskOf(context, side)
  if (disk === undefined) return { disruption: 'restart' }
  if (disk.cdrom !== undefined) return restart('A CD drive cannot be added or removed while the guest runs.')
  const bus = disk.lun?.bus ?? disk.disk?.bus ?? 'sata'
  if (bus !== 'virtio' && bus !== 'scsi') return restart(`The bus ${bus} has no hotplug; virtio and scsi have.`)
  return { disruption: 'hotplug' }
}

/** Adding a disk: the volume comes with it. */
export function diskAdded(context: FieldContext): Verdict {
  return diskHotplug(context, 'to')
}

/** Removing a disk: the volume goes with it. */
export function diskRemoved(context: FieldContext): Verdict {
  return diskHotplug(context, 'from')
}

/** A volume that appears or goes does what its disk does; without a change of the disk it is the medium in a drive. */
export function volumeAdded(context: FieldContext): Verdict {
  return diskOf(context, 'from') === undefined ? diskAdded(context) : mediumChanged(context)
}

export function volumeRemoved(context: FieldContext): Verdict {
  return diskOf(context, 'to') === undefined ? diskRemoved(context) : mediumChanged(context)
}

/**
 * Another source behind the same disk: a CD drive takes a new medium, any other disk does not change under a guest. What is made anew in
 * its old place is another file to the guest that has the old one open.
 */
export function mediumChanged(context: FieldContext): Verdict {
  return movesMedium(context) ?? restart('A disk does not change its content under a running guest.')
}

function movesMedium(context: FieldContext): Verdict | undefined {
  if (diskOf(context, 'from')?.cdrom === undefined || diskOf(context, 'to')?.cdrom === undefined) return undefined
  const name = entryOf(context.path)
  const [before, after] = (['from', 'to'] as const)
    .map((side) => guestSpec(context, side)?.volumes?.find((one) => one.name === name))
    .map((volume) => (volume === undefined ? undefined : volumePlace(volume)))
  return before === after ? undefined : { disruption: 'live', reason: 'The drive gets another medium.' }
}

function interfaceOf(context: FieldContext, side: Side): Interface | undefined {
  const name = entryOf(context.path)
  return guestSpec(context, side)?.domain.devices.interfaces?.find((one) => one.name === name)
}

function interfaceHotplug(context: FieldContext, side: Side): Verdict {
  const one = interfaceOf(context, side)
  if (one === undefined) return { disruption: 'restart' }
  if (one.sriov !== undefined) return restart('A host device is not hotplugged.')
  const model = one.model ?? 'virtio'
  return model === 'virtio' ? { disruption: 'hotplug' } : restart(`The model ${model} has no hotplug; virtio has.`)
}

/** Adding an interface, or the network that comes with it. */
export function interfaceAdded(context: FieldContext): Verdict {
  return interfaceHotplug(context, 'to')
}

/** Removing an interface, or the network that goes with it. */
export function interfaceRemoved(context: FieldContext): Verdict {
  return interfaceHotplug(context, 'from')
}

/** The link is set up or down in place; `absent` unplugs the interface. */
export function linkState(context: FieldContext): Verdict {
  if (context.before === 'absent' || context.after === 'absent')
    return interfaceHotplug(context, context.after === 'absent' ? 'from' : 'to')
  return { disruption: 'live' }
}

const identity = 'The seed is read at boot. Its instance-id stays the same, so cloud-init takes the guest for the same instance.'

/** cloud-init data is read when the guest boots. */
export function cloudInit(context: FieldContext): Verdict {
  return movesMedium(context) ?? restart(identity)
}

/** A commit that changes the run strategy is itself the word of a person: it is shown with its class and carried out. */
export function runStrategy(context: FieldContext): Verdict {
  const reason = 'The commit itself says when the guest runs.'
  return context.after === 'Halted' ? { disruption: 'restart', act: 'power', reason } : { disruption: 'none', act: 'power', reason }
}

/** The size of an image: it grows in place, and never shrinks. Values are bytes. */
export function imageSize(context: FieldContext): Verdict {
  const { before, after } = context
  if (typeof before === 'number' && typeof after === 'number') {
    if (after === before) return { disruption: 'none', reason: 'The same size.' }
    if (after > before) return { disruption: 'hotplug', act: 'resize', reason: 'The image grows; the guest sees the new size at once.' }
  }
  return { disruption: 'data-loss', act: 'refuse', reason: 'An image is never made smaller.' }
}
