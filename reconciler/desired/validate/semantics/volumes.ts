import type { Pointer } from '../types.ts'
import { checkAmount } from './amounts.ts'
import { exactlyOne, onlyOne } from './exactly-one.ts'
import { uniqueNames } from './names.ts'
import { fields, items, present, quantity, text } from './read.ts'
import type { Report } from './report.ts'

/** Every volume source that KubeVirt has. */
const volumeSources = [
  'cloudInitConfigDrive',
  'cloudInitNoCloud',
  'configMap',
  'containerDisk',
  'containerPath',
  'dataVolume',
  'downwardAPI',
  'downwardMetrics',
  'emptyDisk',
  'ephemeral',
  'hostDisk',
  'memoryDump',
  'persistentVolumeClaim',
  'secret',
  'serviceAccount',
  'sysprep',
] as const

const oneSource = { keys: volumeSources, what: 'source' }

/** Volumes: unique names, one source each, and what each source needs. */
export function checkVolumes(report: Report, volumes: unknown, pointer: Pointer): void {
  uniqueNames(report, volumes, pointer)
  items(volumes).forEach((volume, index) => {
    // Most volumes need no place: they have one source, which has no rules of its own.
    const source = onlyOne(volume, volumeSources)
    if (source === undefined) exactlyOne(report, volume, { pointer: [...pointer, index], choice: oneSource })
    else sourceChecks.get(source)?.(report, fields(volume)[source], [...pointer, index, source])
  })
}

type SourceCheck = (report: Report, value: unknown, pointer: Pointer) => void

/** The rules of each source that has some. */
const sourceChecks: ReadonlyMap<string, SourceCheck> = new Map<string, SourceCheck>([
  ['cloudInitNoCloud', checkCloudInit],
  ['cloudInitConfigDrive', checkCloudInit],
  ['hostDisk', checkHostDisk],
  ['emptyDisk', checkEmptyDisk],
  ['configMap', needText('name')],
  ['secret', needText('secretName')],
  ['serviceAccount', needText('serviceAccountName')],
])

function needText(field: string): SourceCheck {
  return (report, value, pointer) => {
    if (text(fields(value)[field]) === undefined) report.missing(pointer, field, `Add "${field}".`)
  }
}

const userData = { keys: ['userData', 'userDataBase64', 'secretRef'], what: 'source of user data', optional: true }
const networkData = { keys: ['networkData', 'networkDataBase64', 'networkDataSecretRef'], what: 'source of network data', optional: true }
const cloudInitData = [...userData.keys, ...networkData.keys]

/** At most one source for each document and at least one document, as upstream. */
function checkCloudInit(report: Report, value: unknown, pointer: Pointer): void {
  const user = exactlyOne(report, value, { pointer, choice: userData })
  const network = exactlyOne(report, value, { pointer, choice: networkData })
  if (user === undefined && network === undefined && present(value, cloudInitData).length === 0) {
    report.add('MissingField', pointer, {
      message: `${String(pointer.at(-1))} has neither user data nor network data.`,
      action: 'Add userData, or networkData, or a reference to a Secret.',
    })
  }
}

function checkHostDisk(report: Report, value: unknown, pointer: Pointer): void {
  const { capacity, type, path } = fields(value)
  checkAmount(report, capacity, [...pointer, 'capacity'])
  if (capacity !== undefined && type === 'Disk') {
    report.add('ConflictingFields', [...pointer, 'capacity'], {
      message: 'A hostDisk of type Disk has the size that it has.',
      action: 'Remove capacity, or use type: DiskOrCreate.',
    })
  }
  if (typeof path === 'string' && path.split('/').some((part) => part === '..' || part === '.')) {
    report.add('InvalidValue', [...pointer, 'path'], { message: 'The path of a hostDisk must not have "." or ".." in it.' })
  }
}

function checkEmptyDisk(report: Report, value: unknown, pointer: Pointer): void {
  checkAmount(report, fields(value)['capacity'], [...pointer, 'capacity'])
  const capacity = quantity(fields(value)['capacity'])
  if (capacity !== undefined && capacity < 512) {
    report.add('InvalidValue', [...pointer, 'capacity'], { message: 'An emptyDisk must have at least 512 bytes.' })
  }
}
