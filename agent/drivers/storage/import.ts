import { rename, rm, statfs } from 'node:fs/promises'
import type { VolumeSpec } from '../../../schemas/generated/plan.ts'
import type { DataVolumeSourceHTTP } from '../../../schemas/generated/data-volume.ts'
import type { InputData } from '../types.ts'
import { imageKey } from '../../../reconciler/lib/image-key.ts'
import type { CheckedImage, ImageCache } from './cache.ts'
import { parseChecksum } from './checksum.ts'
import { checkHeader, detectContent, readEnds, type DiskFormat } from './detect.ts'
import { discard, download, noSpace, tooLarge } from './download.ts'
import { checkImage, convertImage, createImage, growNewImage, inspectImage, syncPath } from './images.ts'
import type { VolumePaths } from './render.ts'
import { buildRequest } from './request.ts'
import { unpack } from './unpack.ts'

/** One attempt to make one image. */
export type ImportJob = {
  readonly volume: VolumeSpec
  readonly data: InputData
  readonly paths: VolumePaths
  readonly cache: ImageCache
  readonly idle: number
  readonly signal: AbortSignal
  readonly onProgress: (percent: number) => void
}

/** Room for headers and tables of an image whose content fills the volume. */
const formatSlack = 64 * 2 ** 20
const maxWrappers = 2

/** Makes an empty image at `paths.making`. */
export async function makeBlank(job: ImportJob): Promise<void> {
  await rm(job.paths.making, { force: true })
  await createImage(target(job), job.volume.sizeBytes)
  await syncPath(job.paths.making)
}

/**
 * Downloads, checks, unpacks, converts and grows; the complete image is at `paths.making` afterwards.
 * An interrupted download stays for the next attempt, everything else is removed.
 */
export async function makeFromHttp(job: ImportJob, source: DataVolumeSourceHTTP): Promise<void> {
  const made: string[] = [job.paths.making]
  try {
    const { file, checked, kept } = await obtain(job, source)
    const image = checked === undefined ? await examine(job, file, made) : { ...checked, path: file }
    if (image.virtualBytes > job.volume.sizeBytes) throw tooLarge(image.virtualBytes, job.volume.sizeBytes)
    if (checked === undefined) {
      await checkImage(image.path, image.format)
      const { path, ...facts } = image
      if (kept && path === file) await job.cache.noteChecked(file, facts)
    }
    await checkRoom(job, image.allocatedBytes)
    await rm(job.paths.making, { force: true })
    await convertImage(image, target(job), job.signal)
    if (image.virtualBytes < job.volume.sizeBytes) await growNewImage(target(job), job.volume.sizeBytes)
    await syncPath(job.paths.making)
    made.shift()
  } finally {
    for (const path of made) await rm(path, { force: true })
  }
  await discard(job.paths.partial)
}

/** A download; `kept` where it is in the cache, `checked` where the image in it has passed the checks before. */
type Obtained = { readonly file: string; readonly kept: boolean; readonly checked?: CheckedImage | undefined }

/** A complete, verified download: the cached one where the server says it still holds, else a fresh one. */
async function obtain(job: ImportJob, source: DataVolumeSourceHTTP): Promise<Obtained> {
  const { volume, data, paths, cache } = job
  const checksum = parseChecksum(source.checksum)
  const request = buildRequest(source, { namespace: volume.namespace, allowed: volume.allowedSources ?? [], data })
  const key = imageKey(source, volume.namespace)
  const cached = await cache.find(paths.cache, key, job.signal)
  // Bytes that were checked against this very checksum need no server.
  if (cached !== undefined && checksum !== undefined && cached.checksum === `${checksum.algorithm}:${checksum.hex}`)
    return { ...cached, kept: true }
  const result = await download({
    request,
    file: paths.partial,
    checksum,
    maxBytes: volume.sizeBytes + formatSlack,
    idle: job.idle,
    signal: job.signal,
    onProgress: (fraction) => job.onProgress(Math.floor(fraction * 100)),
    ...(cached === undefined ? {} : { known: cached.validators }),
  })
  if (result.unchanged && cached !== undefined) return { ...cached, kept: true }
  const file = await cache.keep(paths.cache, key, { file: paths.partial, ...result, checksum })
  return { file: file ?? paths.partial, kept: file !== undefined }
}

async function examine(job: ImportJob, file: string, made: string[]): Promise<CheckedImage & { readonly path: string }> {
  const image = await unwrap(job, file, made)
  return { ...image, ...(await inspectImage(image.path, image.format)) }
}

/** Takes wrappers off, each into a file of its own, and checks what is inside before anything opens it. */
async function unwrap(job: ImportJob, file: string, made: string[]): Promise<{ readonly path: string; readonly format: DiskFormat }> {
  let path = file
  for (let layer = 0; ; layer += 1) {
    const { head, tail, size } = await readEnds(path)
    const content = detectContent(head, tail)
    if ('format' in content) {
      checkHeader(content.format, head)
      return { path, format: content.format }
    }
    // A wrapper inside two wrappers is no image any more; its bytes are taken as they are.
    if (layer === maxWrappers) return { path, format: 'raw' }
    await checkRoom(job, size)
    const to = `${job.paths.unpacked}${layer}`
    made.push(to)
    await unpack({ wrapper: content.wrapper, from: path, to, maxBytes: job.volume.sizeBytes + formatSlack, signal: job.signal })
    path = to
  }
}

async function checkRoom(job: ImportJob, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(job.paths.folder)
  if (bytes > bavail * bsize) throw noSpace(job.paths.folder, `${bytes} bytes are needed, ${bavail * bsize} are free`)
}

function target(job: ImportJob): { path: string; format: 'raw' | 'qcow2'; preallocate: boolean } {
  return { path: job.paths.making, format: job.volume.pool.format, preallocate: job.volume.spec.preallocation === true }
}

/** Gives the complete image its name and puts the new name on disk. */
export async function publish(paths: VolumePaths): Promise<void> {
  await rename(paths.making, paths.image)
  await syncPath(paths.folder)
}

/** Removes all that an unfinished import left. */
export async function removePartials(paths: VolumePaths): Promise<void> {
  await discard(paths.partial)
  for (let layer = 0; layer <= maxWrappers; layer += 1) await rm(`${paths.unpacked}${layer}`, { force: true })
  await rm(paths.making, { force: true })
}
