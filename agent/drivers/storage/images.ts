import { constants } from 'node:fs'
import { open, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { run, type ExecOptions, type ExecResult } from '../../../reconciler/lib/exec.ts'
import { unsafeImage, type DiskFormat } from './detect.ts'
import { noSpace } from './download.ts'

export type ImageInfo = { readonly virtualBytes: number; readonly allocatedBytes: number }

/**
 * Address space and processor time of a program that reads an untrusted image. The soft limit of time ends it with SIGXCPU, which tells
 * it from the kernel's SIGKILL where memory is short; source: setrlimit(2).
 */
const infoLimits = ['--as=2147483648', '--cpu=30:31']
const convertLimits = ['--as=8589934592']
const checkLimits = ['--as=8589934592', '--cpu=600:601']
/** Bytes; also the unit of stat's blocks. */
const sector = 512
const checkTime = 1_200_000
const convertTime = 6 * 3_600_000

type InfoJson = {
  readonly 'virtual-size'?: number
  readonly 'actual-size'?: number
  readonly 'backing-filename'?: string
  readonly 'full-backing-filename'?: string
  readonly encrypted?: boolean
  readonly 'format-specific'?: { readonly data?: { readonly 'data-file'?: string; readonly extents?: readonly unknown[] } }
}

/**
 * Reads an image's facts with the format that we saw in its first bytes, so that nothing is probed, under resource limits.
 * @throws GitvirtError for good: `UnsafeImage`, `CorruptImage`
 */
export async function inspectImage(path: string, format: DiskFormat): Promise<ImageInfo> {
  if (format === 'raw') return await inspectRaw(path)
  const info = JSON.parse((await qemuImg(['info', '--output=json', '-U', '-f', format, '--', path], infoLimits)).stdout) as InfoJson
  const specific = info['format-specific']?.data
  if (info['backing-filename'] !== undefined || info['full-backing-filename'] !== undefined) throw unsafeImage('it has a backing file')
  if (specific?.['data-file'] !== undefined) throw unsafeImage('it keeps its data in an external file')
  if ((specific?.extents?.length ?? 0) > 1) throw unsafeImage('its data is spread over several files')
  if (info.encrypted === true) throw unsafeImage('it is encrypted')
  const virtualBytes = info['virtual-size']
  if (virtualBytes === undefined || !Number.isSafeInteger(virtualBytes) || virtualBytes <= 0) throw unsafeImage('it has no size')
  return { virtualBytes, allocatedBytes: info['actual-size'] ?? 0 }
}

/** A raw image has no header that could be unsafe; QEMU takes its length in whole sectors. */
async function inspectRaw(path: string): Promise<ImageInfo> {
  const { size, blocks } = await stat(path)
  if (size === 0) throw unsafeImage('it has no size')
  return { virtualBytes: Math.ceil(size / sector) * sector, allocatedBytes: blocks * sector }
}

/**
 * Makes sure that an image holds all that its own tables point to: `convert` reads what lies behind the end of a cut file as zeros.
 * Source: qemu-img(1), check; exit code 3 only means leaked space, 63 that the format has no check.
 * @throws GitvirtError for good: `CorruptImage`
 */
export async function checkImage(path: string, format: DiskFormat): Promise<void> {
  if (format === 'raw') return
  await qemuImg(['check', '-q', '-f', format, '--', path], checkLimits, { okCodes: [3, 63], timeout: checkTime })
}

export type NewImage = { readonly path: string; readonly format: 'raw' | 'qcow2'; readonly preallocate: boolean }

/** Writes the image anew in the pool's format, sparse unless it is to be preallocated; both files are on one file system. */
export async function convertImage(
  from: { readonly path: string; readonly format: DiskFormat },
  to: NewImage,
  signal: AbortSignal,
): Promise<void> {
  const options = to.preallocate ? ['-o', 'preallocation=falloc'] : []
  // Past the page cache: the bytes are copied once less, and stay out of the memory that guests could use.
  const cache = (await allowsDirect(from.path)) ? ['-t', 'none'] : []
  const args = ['convert', '-f', from.format, '-O', to.format, ...cache, ...options, '--', from.path, to.path]
  await qemuImg(args, convertLimits, { timeout: convertTime, signal })
}

export async function createImage(image: NewImage, bytes: number): Promise<void> {
  const options = image.preallocate ? ['-o', 'preallocation=falloc'] : []
  await qemuImg(['create', '-q', '-f', image.format, ...options, '--', image.path, String(bytes)], convertLimits, { timeout: convertTime })
}

/** Grows an image that nobody knows yet. */
export async function growNewImage(image: NewImage, bytes: number): Promise<void> {
  // A raw image has no tables: its length is its size.
  if (image.format === 'raw' && !image.preallocate) await truncate(image.path, bytes)
  else await growImage(image, bytes)
}

/** Grows an image that nobody has open. */
export async function growImage(image: NewImage, bytes: number): Promise<void> {
  const options = image.preallocate ? ['--preallocation=falloc'] : []
  await qemuImg(['resize', '-q', ...options, '-f', image.format, '--', image.path, String(bytes)], convertLimits, { timeout: convertTime })
}

/** True where the file system reads and writes past the page cache; not all do. Source: open(2), O_DIRECT. */
async function allowsDirect(path: string): Promise<boolean> {
  const file = await open(path, constants.O_RDONLY | constants.O_DIRECT).catch(() => undefined)
  await file?.close()
  return file !== undefined
}

/** Puts a file or a folder's entries on disk. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

async function qemuImg(args: readonly string[], limits: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  try {
    return await run('prlimit', [...limits, '--', 'qemu-img', ...args], options)
  } catch (error) {
    if (!(error instanceof GitvirtError) || error.code !== 'CommandFailed') throw error
    const path = args.at(-1) ?? ''
    if (/No space left|Disk quota exceeded/i.test(error.message)) throw noSpace(dirname(path), 'the file system is full')
    if (/Failed to get .*lock|Is another process using/i.test(error.message)) throw inUse(error)
    if (['info', 'check', 'convert'].includes(args[0] ?? '') && !isPassing(error)) throw corrupt(error)
    throw error
  }
}

/** True where the program was killed, or could not write its target: neither tells anything about the image. */
function isPassing({ message }: GitvirtError): boolean {
  const killedBy = /^[^()]* failed \(signal (\w+)\):/.exec(message)?.[1]
  if (killedBy !== undefined) return killedBy !== 'SIGXCPU'
  return /error while writing|error while converting/i.test(message)
}

function inUse(cause: GitvirtError): GitvirtError {
  return new GitvirtError({
    code: 'VolumeInUse',
    message: `The image is open in another process: ${cause.message}`,
    action: 'Stop the machine that uses it.',
    cause,
  })
}

function corrupt(cause: GitvirtError): GitvirtError {
  return new GitvirtError({
    code: 'CorruptImage',
    message: `The image cannot be read: ${cause.message}`,
    action: 'Publish the image again, or correct the URL.',
    terminal: true,
    cause,
  })
}
