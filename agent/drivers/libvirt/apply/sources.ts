import { lstat, open, realpath, rm, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize } from 'node:path'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { Volume } from '../../../../schemas/generated/virtual-machine.ts'
import { errorCode, GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { run } from '../../../../reconciler/lib/exec.ts'
import { objectKey } from '../../../../reconciler/lib/object-key.ts'
import { parseBytes } from '../../../../reconciler/lib/quantity.ts'
import type { InputData, VolumeDriver } from '../../types.ts'
import type { MachinePaths } from '../files.ts'
import { invalidMachine, vmiSpec, type DiskSource } from '../render/input.ts'
import { mediumOf } from '../render/seed.ts'
import { writeIso } from './iso.ts'

export type SourceInput = {
  readonly machine: MachineSpec
  readonly data: InputData
  readonly paths: MachinePaths
  readonly volumes: Pick<VolumeDriver, 'file'>
}

export type Sources = { readonly sources: ReadonlyMap<string, DiskSource>; readonly notes: readonly string[] }

/** Volumes that only Kubernetes can fill; a guest runs without them, and the note says so. */
const skipped = ['containerPath', 'downwardAPI', 'downwardMetrics', 'memoryDump', 'serviceAccount'] as const

/**
 * Finds or makes what each volume of a machine stands for.
 * @throws GitvirtError `VolumeNotReady` (try again), `InvalidMachine`, `InputMissing`
 */
export async function prepareSources(input: SourceInput): Promise<Sources> {
  const sources = new Map<string, DiskSource>()
  const notes: string[] = []
  for (const volume of vmiSpec(input.machine).volumes ?? []) {
    const skip = skipped.find((name) => volume[name] !== undefined)
    if (skip === undefined) sources.set(volume.name, await sourceOf(input, volume))
    else notes.push(`spec.template.spec.volumes[${volume.name}].${skip}: this host cannot fill such a volume; the guest runs without it.`)
  }
  return { sources, notes }
}

async function sourceOf(input: SourceInput, volume: Volume): Promise<DiskSource> {
  const medium = mediumOf(input.machine, volume, input.data)
  if (medium !== undefined) {
    const path = join(input.paths.folder, `${fileName(volume)}.iso`)
    await writeIso(medium, path)
    return { type: 'file', path, format: 'raw', readonly: true, made: true }
  }
  if (volume.emptyDisk !== undefined) {
    const path = scratchPath(input.paths, volume)
    await makeScratch(path, parseBytes(volume.emptyDisk.capacity))
    return { type: 'file', path, format: 'qcow2' }
  }
  if (volume.hostDisk !== undefined) return await hostDisk(input.machine, volume.hostDisk)
  const claim = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
  if (claim !== undefined) return await claimed(input, claim, volume.persistentVolumeClaim?.readOnly === true)
  const ephemeral = volume.ephemeral?.persistentVolumeClaim?.claimName
  if (ephemeral !== undefined) {
    const base = await claimed(input, ephemeral, true)
    const path = scratchPath(input.paths, volume)
    await makeOverlay(path, base)
    return { type: 'file', path, format: 'qcow2', base: { path: base.path, format: base.format } }
  }
  const kind = volume.containerDisk === undefined ? 'its source' : 'containerDisk'
  throw invalidMachine(
    input.machine,
    `spec.template.spec.volumes[${volume.name}]: ${kind} is not possible on this host.`,
    'Use a DataVolume with an http source, or another kind of volume.',
  )
}

async function claimed(input: SourceInput, claim: string, readonly: boolean): Promise<DiskSource> {
  const key = objectKey('DataVolume', input.machine.namespace, claim)
  const file = await input.volumes.file(key)
  if (file !== undefined) return { type: 'file', path: file.path, format: file.format, ...(readonly ? { readonly } : {}) }
  throw new GitvirtError({
    code: 'VolumeNotReady',
    message: `The volume ${claim} has no finished image on this host yet.`,
    action: 'It is tried again when the DataVolume has succeeded.',
    object: input.machine.key,
  })
}

function fileName(volume: Volume): string {
  return volume.name.replaceAll(/[^a-zA-Z0-9-]/g, '_').slice(0, 100)
}

function scratchPath(paths: MachinePaths, volume: Volume): string {
  return join(paths.folder, `${fileName(volume)}.qcow2`)
}

/** Makes an empty image, or leaves the one that is there: it may be in use. */
async function makeScratch(path: string, bytes: number): Promise<void> {
  if (await exists(path)) return
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '--', path, String(bytes)])
}

async function makeOverlay(path: string, base: NonNullable<DiskSource['base']>): Promise<void> {
  if (await exists(path)) return
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', base.format, '-b', base.path, '--', path])
}

/** Throws away what a guest wrote to emptyDisk and ephemeral volumes: they live as long as one run. Only while it is off. */
export async function renewScratch(
  machine: MachineSpec,
  paths: MachinePaths,
  sources: Readonly<Record<string, DiskSource>>,
): Promise<void> {
  for (const volume of vmiSpec(machine).volumes ?? []) {
    if (volume.emptyDisk === undefined && volume.ephemeral === undefined) continue
    const path = scratchPath(paths, volume)
    const source = sources[volume.name]
    if (source?.path !== path) continue
    // The record tells the base: an overlay that is there may stand on the one of an older definition.
    if (volume.ephemeral !== undefined && source.base === undefined) continue
    await rm(path, { force: true })
    if (volume.emptyDisk !== undefined) await makeScratch(path, parseBytes(volume.emptyDisk.capacity))
    else if (source.base !== undefined) await makeOverlay(path, source.base)
  }
}

/**
 * A file of the host, only below a folder that Fleet allows. The path is resolved first, so that neither `..` nor
 * a symbolic link leads out of it.
 */
async function hostDisk(machine: MachineSpec, disk: NonNullable<Volume['hostDisk']>): Promise<DiskSource> {
  const prefixes = machine.allowHostDisk ?? []
  const refused = (why: string): GitvirtError =>
    invalidMachine(machine, `hostDisk ${disk.path}: ${why}`, 'Allow the folder in Fleet, or use a DataVolume.')
  if (!isAbsolute(disk.path) || normalize(disk.path) !== disk.path) throw refused('the path must be absolute and without ..')
  if (!prefixes.some((prefix) => below(disk.path, prefix))) throw refused('Fleet does not allow this path.')
  if (disk.type === 'DiskOrCreate' && !(await exists(disk.path))) {
    const parent = await realpath(join(disk.path, '..')).catch(() => undefined)
    if (parent === undefined || !(await anyBelow(join(parent, 'x'), prefixes))) throw refused('its folder is missing or leads elsewhere.')
    await createRaw(disk.path, parseBytes(disk.capacity ?? 0))
  }
  const real = await realpath(disk.path).catch(() => undefined)
  if (real === undefined) throw refused('there is no such file.')
  if (!(await anyBelow(real, prefixes))) throw refused('a symbolic link leads out of the allowed folder.')
  const about = await stat(real)
  if (!about.isFile() && !about.isBlockDevice()) throw refused('it is neither a file nor a block device.')
  return { type: about.isFile() ? 'file' : 'block', path: real, format: 'raw', ...(disk.shared === true ? { shareable: true } : {}) }
}

async function anyBelow(path: string, prefixes: readonly string[]): Promise<boolean> {
  for (const prefix of prefixes) if (below(path, await realpath(prefix).catch(() => prefix))) return true
  return false
}

function below(path: string, prefix: string): boolean {
  return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}

async function createRaw(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.truncate(bytes)
  } finally {
    await file.close()
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
