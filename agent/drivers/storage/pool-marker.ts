import { randomUUID } from 'node:crypto'
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describeError, errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import type { VolumeContext } from './context.ts'
import { syncPath } from './images.ts'
import { makePoolFolder } from './pool.ts'
import type { VolumeRecord } from './records.ts'
import { ownFolder } from './render.ts'

type PoolContext = Pick<VolumeContext, 'records' | 'log' | 'oneAtATime'>

/** `unknown` where the file system does not answer. */
export async function whereabouts(path: string): Promise<'there' | 'gone' | 'unknown'> {
  return await stat(path).then(
    () => 'there',
    (error: unknown) => (errorCode(error) === 'ENOENT' ? 'gone' : 'unknown'),
  )
}

/**
 * Whether the image is there. That it is gone is believed only of a folder that proves to be its pool.
 * @throws GitvirtError `ImageUnreachable`
 */
export async function isImageThere(context: PoolContext, record: VolumeRecord): Promise<boolean> {
  const place = await whereabouts(record.path)
  if (place === 'there') return true
  const folder = folderOf(record)
  if (place === 'gone' && (await isPoolThere(context, folder))) return false
  const { message, action } = await explain(context, folder)
  throw new GitvirtError({
    code: 'ImageUnreachable',
    message: `The image ${record.path} cannot be reached. ${message}`,
    action,
    object: record.key,
  })
}

/**
 * Whether the folder is the pool that we know, by the id in its marker: the mount point of a file system that is not mounted has none.
 * A pool of a release without markers gets one where one of its recorded images is there.
 */
export async function isPoolThere(context: PoolContext, folder: string): Promise<boolean> {
  return await context.oneAtATime(`pool ${folder}`, async () => await recognise(context, folder))
}

/**
 * Makes the pool's folders, and its marker where no image is recorded in it.
 * @throws GitvirtError `PoolUnreachable` where images are, but the folder does not prove to be the pool they are in
 */
export async function usePoolFolder(context: PoolContext, folder: string): Promise<void> {
  await context.oneAtATime(`pool ${folder}`, async () => {
    if (!(await recognise(context, folder))) await markAnew(context, folder)
    await makePoolFolder(folder)
  })
}

/** After a start: every pool that has images, and the given one, is looked up; those that are not there are told. */
export async function lookUpPools(context: PoolContext, first: string): Promise<void> {
  const folders = new Set([first, ...(await imagesOf(context)).map(folderOf)])
  for (const folder of folders) {
    // A pool that is away, read-only or full keeps nobody from the others.
    await usePoolFolder(context, folder).catch((error: unknown) => {
      context.log.warn({ folder, code: errorCode(error) }, describeError(error))
    })
  }
}

async function recognise(context: PoolContext, folder: string): Promise<boolean> {
  const known = await context.records.poolId(folder)
  const found = await readMarker(folder)
  if (known !== undefined) return found === known
  if (found === undefined && !(await hasImage(context, folder))) return false
  // The image alone is proof enough for now; the marker is tried again.
  await mark(context, folder, found).catch((error: unknown) => {
    context.log.warn({ folder, code: errorCode(error) }, `The pool could not be marked: ${describeError(error)}`)
  })
  return true
}

async function markAnew(context: PoolContext, folder: string): Promise<void> {
  if ((await imagesOf(context)).some((record) => folderOf(record) === folder)) {
    const { message, action } = await explain(context, folder)
    throw new GitvirtError({ code: 'PoolUnreachable', message: `The pool ${folder} cannot be reached. ${message}`, action })
  }
  const known = await context.records.poolId(folder)
  await mark(context, folder, await readMarker(folder))
  if (known !== undefined) context.log.warn({ folder, known }, 'The pool has lost its marker and has no images; it is marked anew.')
}

async function mark(context: PoolContext, folder: string, found: string | undefined): Promise<void> {
  await context.records.notePool(folder, found ?? (await makeMarker(folder)))
}

/** Another agent that uses the folder may be first; its marker is taken then. */
async function makeMarker(folder: string): Promise<string> {
  await makePoolFolder(folder)
  const id = randomUUID()
  const path = markerPath(folder)
  const temporary = `${path}.${id}.tmp`
  try {
    await writeFile(temporary, `${id}\n`, { flag: 'wx', mode: 0o600, flush: true })
    await link(temporary, path)
  } catch (error) {
    const theirs = errorCode(error) === 'EEXIST' ? await readMarker(folder) : undefined
    if (theirs === undefined) throw error
    return theirs
  } finally {
    await rm(temporary, { force: true })
  }
  await syncPath(dirname(path))
  return id
}

/** Undefined where there is none, or none that can be read. */
async function readMarker(folder: string): Promise<string | undefined> {
  const text = await readFile(markerPath(folder), 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : text.trim()
}

async function hasImage(context: PoolContext, folder: string): Promise<boolean> {
  for (const record of await imagesOf(context)) {
    if (folderOf(record) === folder && (await whereabouts(record.path)) === 'there') return true
  }
  return false
}

async function imagesOf({ records }: PoolContext): Promise<VolumeRecord[]> {
  const finished = (await records.all()).filter(({ phase }) => phase === 'Succeeded')
  return [...finished, ...(await records.held())]
}

/** The pool of an image: it is in its folder, or in `.gitvirt/quarantine` below. */
function folderOf({ path, quarantined }: VolumeRecord): string {
  return quarantined === undefined ? dirname(path) : dirname(dirname(dirname(path)))
}

async function explain({ records }: PoolContext, folder: string): Promise<{ readonly message: string; readonly action: string }> {
  const known = await records.poolId(folder)
  const path = markerPath(folder)
  return {
    message: known === undefined ? `There is no marker ${path}.` : `The marker ${path} does not hold ${known}.`,
    action: `Mount the file system of the pool; it is tried again. Only if ${folder} is the pool and has lost files for good, write ${known ?? 'any id'} into ${path}.`,
  }
}

function markerPath(folder: string): string {
  return join(folder, ownFolder, 'pool-id')
}
