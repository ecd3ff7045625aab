import { digestOf } from '../../../reconciler/lib/digest.ts'
import { errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import type { VolumeSpec } from '../../../schemas/generated/plan.ts'
import type { VolumeContext } from './context.ts'
import type { GrowRunning } from './grow-running.ts'
import { growImage, inspectImage } from './images.ts'
import { volumeBase } from './render.ts'

/**
 * Grows the image to the spec's size; a running guest's disk is grown through libvirt, so that the guest sees it.
 * @throws GitvirtError `VolumeNotFound`, `VolumeInUse`; for good: `ShrinkRefused`
 */
export async function resizeVolume(context: VolumeContext, volume: VolumeSpec, growRunning: GrowRunning): Promise<void> {
  const base = volumeBase(volume.namespace, volume.name)
  const record = await context.records.get(base)
  if (record?.phase !== 'Succeeded') {
    throw new GitvirtError({ code: 'VolumeNotFound', message: 'There is no finished image to grow.', object: volume.key })
  }
  const { virtualBytes } = await inspectImage(record.path, record.format)
  if (virtualBytes > volume.sizeBytes) throw shrinkRefused(volume, virtualBytes)
  if (virtualBytes < volume.sizeBytes) {
    const image = { path: record.path, format: record.format, preallocate: volume.spec.preallocation === true }
    try {
      await growImage(image, volume.sizeBytes)
    } catch (error) {
      if (errorCode(error) !== 'VolumeInUse') throw error
      // The guest that had it may have ended since.
      if (!(await growRunning(record.path, volume.sizeBytes))) await growImage(image, volume.sizeBytes)
    }
  }
  const grown = (await inspectImage(record.path, record.format)).virtualBytes
  await context.save(base, { ...record, spec: volume, digest: digestOf(volume), virtualBytes: grown })
}

function shrinkRefused(volume: VolumeSpec, bytes: number): GitvirtError {
  return new GitvirtError({
    code: 'ShrinkRefused',
    message: `The image has ${bytes} bytes; it is never made smaller (${volume.sizeBytes}).`,
    action: 'Ask for at least its present size, or make a new DataVolume.',
    object: volume.key,
    terminal: true,
  })
}
