import type { Pointer } from '../types.ts'
import { checkOnce } from './clean.ts'
import { exactlyOne } from './exactly-one.ts'
import { uniqueNames } from './names.ts'
import { fields, items, switchedOn, text, type Fields } from './read.ts'
import type { Report } from './report.ts'

/** What the guest sees a disk as. */
const targets = ['disk', 'cdrom', 'lun']

const namesOnce = checkOnce()
const diskOnce = checkOnce()
const bootOrderOnce = checkOnce()

/** Disks and file systems against volumes, and the boot order of all devices. */
export function checkDisks(report: Report, guest: Fields, pointer: Pointer): void {
  const devices = fields(fields(guest['domain'])['devices'])
  const at = [...pointer, 'domain', 'devices']
  const volumes = volumesByName(guest['volumes'])
  namesOnce(report, [devices['disks']], () => uniqueNames(report, devices['disks'], [...at, 'disks']))
  items(devices['disks']).forEach((entry, index) => {
    const place = (): Pointer => [...at, 'disks', index]
    checkVolumeOf(report, { disk: fields(entry), place, volumes })
    diskOnce(report, [entry], () => checkDisk(report, fields(entry), place()))
  })
  items(devices['filesystems']).forEach((entry, index) => {
    reportMissingVolume(report, { name: text(fields(entry)['name']), place: () => [...at, 'filesystems', index], volumes })
  })
  bootOrderOnce(report, [devices], () => checkBootOrder(report, devices, at))
}

type Volumes = ReadonlyMap<string | undefined, Fields>

function volumesByName(list: unknown): Volumes {
  const volumes = new Map<string | undefined, Fields>()
  for (const volume of items(list)) volumes.set(text(fields(volume)['name']), fields(volume))
  return volumes
}

function checkVolumeOf(report: Report, { disk, place, volumes }: { disk: Fields; place: () => Pointer; volumes: Volumes }): void {
  const name = text(disk['name'])
  const volume = volumes.get(name)
  // A CD-ROM drive may be empty.
  if (volume === undefined) {
    if (disk['cdrom'] === undefined) reportMissingVolume(report, { name, place, volumes })
    return
  }
  if (disk['lun'] !== undefined && volume['persistentVolumeClaim'] === undefined && volume['dataVolume'] === undefined) {
    report.add('ConflictingFields', [...place(), 'lun'], {
      message: `The LUN "${name ?? ''}" needs a dataVolume or persistentVolumeClaim volume.`,
      action: 'Use disk instead of lun.',
    })
  }
}

function reportMissingVolume(
  report: Report,
  { name, place, volumes }: { name: string | undefined; place: () => Pointer; volumes: Volumes },
): void {
  if (name === undefined || volumes.has(name)) return
  const known = [...volumes.keys()].filter((key) => key !== undefined)
  report.add('MissingReference', [...place(), 'name'], {
    message: `There is no volume "${name}" for it.`,
    action: known.length === 0 ? 'Add a volume of that name.' : `Volumes here: ${known.join(', ')}.`,
  })
}

/** What depends on the disk alone. */
function checkDisk(report: Report, disk: Fields, place: Pointer): void {
  checkTarget(report, disk, place)
  checkBlockSize(report, disk, place)
}

function checkTarget(report: Report, disk: Fields, place: Pointer): void {
  const target = exactlyOne(report, disk, { pointer: place, choice: { keys: targets, what: 'target', optional: true } })
  if (target !== 'disk') return
  const settings = fields(disk['disk'])
  if (settings['pciAddress'] !== undefined && settings['bus'] !== 'virtio') {
    report.add('ConflictingFields', [...place, 'disk', 'pciAddress'], { message: 'A PCI address needs bus: virtio.' })
  }
  if (settings['bus'] === 'sata' && settings['readonly'] === true) {
    report.add('ConflictingFields', [...place, 'disk', 'readonly'], {
      message: 'A SATA hard disk cannot be read-only.',
      action: 'Use another bus, or cdrom.',
    })
  }
}

function checkBlockSize(report: Report, disk: Fields, place: Pointer): void {
  const blockSize = fields(disk['blockSize'])
  if (blockSize['custom'] === undefined) return
  const custom = fields(blockSize['custom'])
  const at = [...place, 'blockSize', 'custom']
  if (switchedOn(blockSize['matchVolume'])) {
    report.add('ConflictingFields', at, {
      message: 'blockSize.custom and blockSize.matchVolume exclude each other.',
      action: 'Keep one of them.',
    })
  }
  for (const field of ['logical', 'physical']) {
    const size = custom[field]
    if (typeof size !== 'number' || !Number.isInteger(size) || size <= 0 || (size & (size - 1)) === 0) continue
    report.add('InvalidValue', [...at, field], { message: `blockSize.custom.${field} must be a power of two.` })
  }
  if (Number(custom['logical']) > Number(custom['physical'])) {
    report.add('InvalidValue', [...at, 'logical'], { message: 'The logical block size is larger than the physical one.' })
  }
}

function checkBootOrder(report: Report, devices: Fields, at: Pointer): void {
  const taken = new Map<number, string>()
  for (const list of ['disks', 'interfaces']) {
    items(devices[list]).forEach((entry, index) => {
      const { bootOrder, name } = fields(entry)
      if (typeof bootOrder !== 'number') return
      const other = taken.get(bootOrder)
      if (other !== undefined) {
        report.add('DuplicateName', [...at, list, index, 'bootOrder'], {
          message: `The boot order ${bootOrder} is taken by "${other}".`,
          action: 'Give each device its own number.',
        })
      }
      taken.set(bootOrder, text(name) ?? '')
    })
  }
}
