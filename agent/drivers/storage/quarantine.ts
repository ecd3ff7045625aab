import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { describeError, errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { parseKey, type ObjectKey } from '../../../reconciler/lib/object-key.ts'
import type { VolumeSpec } from '../../../schemas/generated/plan.ts'
import type { VolumeContext } from './context.ts'
import { volumePathsOf } from './ensure.ts'
import { syncPath } from './images.ts'
import { removePartials } from './import.ts'
import { isImageThere, isPoolThere, whereabouts } from './pool-marker.ts'
import type { VolumeRecord } from './records.ts'
import { volumeBase } from './render.ts'

/**
 * The order of the writes: the record at the goal, then the file, then the record left behind is removed.
 * After a crash the file's place tells how far it came (`settle`). An image that is gone from its pool is only forgotten.
 * @throws GitvirtError `ImageUnreachable`
 */
export async function quarantineVolume(context: VolumeContext, key: ObjectKey, until: string): Promise<void> {
  const base = baseOf(key)
  const record = await context.records.get(base)
  if (record === undefined) {
    await extendQuarantine(context, key, until)
    return
  }
  const paths = volumePathsOf(context, record.spec)
  if (record.phase !== 'Succeeded') {
    // There is no finished image that anybody could want back.
    await removePartials(paths)
    if (record.finished === true) await rm(record.path, { force: true })
    await context.records.drop(base)
    return
  }
  if (!(await isImageThere(context, record))) {
    await context.records.drop(base)
    return
  }
  const path = join(paths.quarantine, `${basename(record.path)}~${record.uid}`)
  const since = context.clock.now().toISOString()
  await context.records.hold(base, { ...record, path, quarantined: { since, until } })
  await mkdir(paths.quarantine, { recursive: true, mode: 0o700 })
  await moveFile(record.path, path)
  await context.records.drop(base)
}

/** Brings the image back; one that came back half is brought back whole. @throws GitvirtError `VolumeNotFound`, `VolumeExists`, `ImageUnreachable` */
export async function restoreVolume(context: VolumeContext, volume: VolumeSpec): Promise<void> {
  const base = volumeBase(volume.namespace, volume.name)
  const live = await context.records.get(base)
  const done = live?.phase === 'Succeeded' ? live : undefined
  const held = (await context.records.held()).find(({ key, uid }) => key === volume.key && uid === (done?.uid ?? uid))
  if (done !== undefined && (held === undefined || (await whereabouts(done.path)) === 'there')) {
    await context.records.dropHeld(base, done.uid)
    return
  }
  if (held === undefined) {
    throw new GitvirtError({
      code: 'VolumeNotFound',
      message: 'There is no quarantined image of this volume.',
      action: 'Its time may be over; let the DataVolume be made anew.',
      object: volume.key,
      terminal: true,
    })
  }
  const { quarantined: _quarantined, ...rest } = held
  const path = volumePathsOf(context, held.spec).image
  if ((await whereabouts(path)) === 'there') {
    throw new GitvirtError({
      code: 'VolumeExists',
      message: `The file ${path} is in the way.`,
      action: 'Move it away.',
      object: volume.key,
      terminal: true,
    })
  }
  await requireFile(held)
  await context.records.put(base, { ...rest, path })
  await moveFile(held.path, path)
  await context.records.dropHeld(base, held.uid)
}

/**
 * Deletes the image, or where there is none, what is quarantined of it. Partial files go too.
 * @throws GitvirtError `ImageUnreachable`
 */
export async function removeVolume(context: VolumeContext, key: ObjectKey): Promise<void> {
  const base = baseOf(key)
  const record = await context.records.get(base)
  if (record === undefined) {
    for (const held of await context.records.held()) if (held.key === key) await deleteHeld(context, held)
    return
  }
  // An image out of reach is not deleted, so its record must stay.
  if (record.phase === 'Succeeded') await isImageThere(context, record)
  await removePartials(volumePathsOf(context, record.spec))
  if (record.phase === 'Succeeded' || record.finished === true) await rm(record.path, { force: true })
  await context.records.drop(base)
}

/** Deletes the quarantined images whose time has come and that can be reached; `next` is when the first of the others is due. */
export async function sweepQuarantine(context: VolumeContext): Promise<{ readonly deleted: ObjectKey[]; readonly next: Date | undefined }> {
  const now = context.clock.now().getTime()
  const held = (await context.records.held()).map((record) => ({ record, end: Date.parse(record.quarantined?.until ?? '') }))
  const deleted: ObjectKey[] = []
  for (const { record } of held.filter(({ end }) => end <= now)) {
    try {
      await deleteHeld(context, record)
      deleted.push(record.key)
    } catch (error) {
      // A pool that is not mounted has the image all the same; the others go.
      if (errorCode(error) !== 'ImageUnreachable') throw error
      context.log.warn({ volume: record.key, code: errorCode(error) }, describeError(error))
    }
  }
  const next = Math.min(...held.map(({ end }) => end).filter((end) => end > now))
  return { deleted, next: Number.isFinite(next) ? new Date(next) : undefined }
}

/** Finishes or undoes a quarantine or restore that a crash cut in two. */
export async function settleQuarantine(context: VolumeContext): Promise<void> {
  for (const held of await context.records.held()) {
    const base = baseOf(held.key)
    const live = await context.records.get(base)
    const file = await whereabouts(held.path)
    if (file === 'there' && live?.uid === held.uid) await context.records.drop(base)
    if (file === 'gone' && (await isElsewhere(context, held, live))) await context.records.dropHeld(base, held.uid)
  }
}

/** A missing file alone proves nothing: its pool may not be mounted. */
async function isElsewhere(context: VolumeContext, held: VolumeRecord, live: VolumeRecord | undefined): Promise<boolean> {
  const { image, folder } = volumePathsOf(context, held.spec)
  if (live?.uid !== held.uid && (await whereabouts(image)) !== 'there') return false
  return await isPoolThere(context, folder)
}

/** Before anything is written: a record that says more than is there would be believed. @throws GitvirtError `ImageUnreachable` */
async function requireFile({ path, key }: VolumeRecord): Promise<void> {
  if ((await whereabouts(path)) === 'there') return
  throw new GitvirtError({
    code: 'ImageUnreachable',
    message: `The image ${path} cannot be reached.`,
    action: 'Mount the file system of its pool, or put the file back; it is tried again.',
    object: key,
  })
}

async function extendQuarantine(context: VolumeContext, key: ObjectKey, until: string): Promise<void> {
  const held = (await context.records.held()).find((record) => record.key === key)
  if (held?.quarantined === undefined) return
  await context.records.hold(baseOf(key), { ...held, quarantined: { ...held.quarantined, until } })
}

async function deleteHeld(context: VolumeContext, record: VolumeRecord): Promise<void> {
  if (await isImageThere(context, record)) await rm(record.path, { force: true })
  await context.records.dropHeld(baseOf(record.key), record.uid)
}

async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncPath(dirname(from))
  await syncPath(dirname(to))
}

export function baseOf(key: ObjectKey): string {
  const { namespace, name } = parseKey(key)
  return volumeBase(namespace, name)
}
