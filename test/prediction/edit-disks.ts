import { changed, freeName, letsGo, replaced, withMachine, type Chooser, type Edited } from './choose.ts'
import { freeVolumes } from './edit-volumes.ts'
import type { FleetModel, ModelDisk, ModelMachine } from './fleet-model.ts'
import { diskOptions } from './options.ts'

const isExtra = ({ name }: ModelDisk): boolean => name !== 'root' && name !== 'seed'

export function addDisk(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  const volume = choose.of(freeVolumes(model))
  if (machine === undefined || machine.disks.length > 6) return undefined
  const empty = choose.number(4) === 0 || volume === undefined
  const disk: ModelDisk = {
    name: freeName(machine.disks, 'disk'),
    device: choose.number(6) === 0 ? 'cdrom' : 'disk',
    bus: choose.of(['virtio', 'virtio', 'scsi', 'sata'] as const) ?? 'virtio',
    source: empty ? { emptyMebibytes: 4 } : { volume: volume.name },
    options: {},
  }
  const fitting: ModelDisk = disk.device === 'cdrom' ? { ...disk, bus: 'sata' } : disk
  const place = choose.number(2) === 0 ? machine.disks.length : 1
  return {
    model: withMachine(model, { ...machine, disks: machine.disks.toSpliced(place, 0, fitting) }),
    what: `${machine.name}: add ${fitting.device} ${fitting.name} on ${fitting.bus} from ${JSON.stringify(fitting.source)}`,
  }
}

export function removeDisk(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter((one) => letsGo(one) && one.disks.some(isExtra)))
  const disk = choose.of(machine?.disks.filter(isExtra) ?? [])
  if (machine === undefined || disk === undefined) return undefined
  const next = withMachine(model, { ...machine, disks: machine.disks.filter((one) => one !== disk) })
  const volume = 'volume' in disk.source ? disk.source.volume : undefined
  const along = volume !== undefined && choose.number(2) === 0
  return {
    model: along ? { ...next, volumes: next.volumes.filter(({ name, owner }) => name !== volume || owner !== undefined) } : next,
    what: `${machine.name}: remove ${disk.name}${along ? ` and its volume ${volume}` : ''}`,
  }
}

type DiskEdit = (disk: ModelDisk, machine: ModelMachine) => readonly [ModelDisk, string] | undefined

function editDisk(model: FleetModel, choose: Chooser, edit: DiskEdit): Edited {
  const machine = choose.of(model.machines)
  const disk = choose.of(machine?.disks ?? [])
  const edited = disk === undefined || machine === undefined ? undefined : edit(disk, machine)
  if (machine === undefined || edited === undefined) return undefined
  return {
    model: withMachine(model, { ...machine, disks: replaced(machine.disks, edited[0]) }),
    what: `${machine.name}: disk ${edited[0].name} ${edited[1]}`,
  }
}

export function setDiskOption(model: FleetModel, choose: Chooser): Edited {
  return editDisk(model, choose, (disk, machine) => {
    const others = machine.disks.map(({ options }) => options)
    const next = changed({ options: disk.options, candidates: diskOptions(disk, machine), others }, choose)
    return next === undefined ? undefined : [{ ...disk, options: next.options }, next.what]
  })
}

export function setBus(model: FleetModel, choose: Chooser): Edited {
  return editDisk(model, choose, (disk) => {
    const buses = disk.device === 'cdrom' ? (['sata', 'scsi'] as const) : (['virtio', 'scsi', 'sata'] as const)
    const bus = disk.name === 'root' ? undefined : choose.of(buses.filter((one) => one !== disk.bus))
    return bus === undefined ? undefined : [{ ...disk, bus }, `on ${bus}`]
  })
}

/** Another volume in the same place. */
export function setVolume(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(freeVolumes(model))
  return editDisk(model, choose, (disk) =>
    volume === undefined || !isExtra(disk) ? undefined : [{ ...disk, source: { volume: volume.name } }, `from ${volume.name}`],
  )
}

export function setSeed(model: FleetModel, choose: Chooser): Edited {
  const mark = 2 + choose.number(1000)
  return editDisk(model, choose, (disk) => {
    if (disk.name !== 'seed') return undefined
    const secret = choose.number(3) === 0
    return [{ ...disk, source: secret ? { secret: true } : { seed: mark } }, secret ? 'from the Secret' : `with mark ${mark}`]
  })
}

export function setSecret(model: FleetModel, choose: Chooser): Edited {
  const secretMark = 5001 + choose.number(1000)
  return secretMark === model.secretMark ? undefined : { model: { ...model, secretMark }, what: `Secret with mark ${secretMark}` }
}

export function swapDisks(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ disks }) => disks.length > 2))
  if (machine === undefined) return undefined
  const [first, second, ...rest] = machine.disks
  const disks = [first, ...rest, second].filter((disk) => disk !== undefined)
  return { model: withMachine(model, { ...machine, disks }), what: `${machine.name}: other order of disks` }
}
