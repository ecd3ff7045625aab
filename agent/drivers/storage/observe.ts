import { stat, statfs } from 'node:fs/promises'
import { digestOf } from '../../../reconciler/lib/digest.ts'
import { errorCode } from '../../../reconciler/lib/errors.ts'
import type { NodeFacts, ObservedVolume } from '../../../schemas/generated/observation.ts'
import type { VolumeFile } from '../types.ts'
import type { ImageCache } from './cache.ts'
import { inspectImage } from './images.ts'
import type { VolumeRecord } from './records.ts'
import { cacheFolder } from './render.ts'

/**
 * What is reported of one image. `applied` is there while somebody works on it or its end is known;
 * an interrupted import without a worker has none, so that the next plan takes it up again.
 */
export async function observeVolume(record: VolumeRecord, isActive: boolean): Promise<ObservedVolume> {
  const settled = record.phase === 'Succeeded' || record.phase === 'Failed'
  const file = record.phase === 'Succeeded' ? await stat(record.path).catch(() => undefined) : undefined
  const lost = record.phase === 'Succeeded' && file === undefined
  const phase = lost ? 'Unknown' : record.phase
  const problem = lost
    ? { reason: 'ImageMissing', message: `The image ${record.path} is gone.`, at: new Date(0).toISOString() }
    : record.problem
  const facts = {
    kind: 'DataVolume' as const,
    key: record.key,
    phase,
    ...(settled || isActive ? { applied: record.spec } : {}),
    ...(record.quarantined === undefined ? {} : { quarantined: record.quarantined }),
  }
  return {
    ...facts,
    digest: volumeDigest(facts),
    ...(phase === 'Succeeded' ? { progress: 100 } : record.progress === undefined ? {} : { progress: record.progress }),
    ...(file === undefined ? {} : { path: record.path, allocatedBytes: file.blocks * 512 }),
    format: record.format,
    ...(record.virtualBytes === undefined ? {} : { virtualBytes: record.virtualBytes }),
    restarts: record.restarts,
    ...(record.nextTryAt === undefined ? {} : { nextTryAt: record.nextTryAt }),
    ...(problem === undefined ? {} : { problem }),
  }
}

/** Of what a plan relies on, as schemas/wire/observation.json says: never of progress. */
function volumeDigest(facts: Pick<ObservedVolume, 'applied' | 'phase' | 'quarantined'>): string {
  const end = facts.phase === 'Succeeded' || facts.phase === 'Failed' ? facts.phase : undefined
  return digestOf({ applied: facts.applied, end, quarantined: facts.quarantined })
}

/** The image that a machine may boot: complete, in place, not quarantined. */
export async function bootableFile(record: VolumeRecord | undefined): Promise<VolumeFile | undefined> {
  if (record?.phase !== 'Succeeded' || record.quarantined !== undefined) return undefined
  if ((await stat(record.path).catch(() => undefined))?.isFile() !== true) return undefined
  return {
    path: record.path,
    format: record.format,
    virtualBytes: record.virtualBytes ?? (await inspectImage(record.path, record.format)).virtualBytes,
  }
}

/** Room in the pools' file systems; a pool whose folder is gone has none. */
export async function poolFacts(pools: ReadonlyMap<string, string>): Promise<NodeFacts['pools']> {
  const facts: NodeFacts['pools'] = []
  for (const [name, path] of pools) {
    const room = await statfs(path).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    })
    const block = room?.bsize ?? 0
    facts.push({ name, path, capacityBytes: (room?.blocks ?? 0) * block, availableBytes: (room?.bavail ?? 0) * block })
  }
  return facts
}

/** Most kept downloads of one pool that are told; older ones are found all the same when they are needed. */
const mostKept = 100

/** Downloads that the pools keep: what a plan looks up to tell whether an image must be fetched. */
export async function keptImages(cache: ImageCache, pools: ReadonlyMap<string, string>): Promise<NonNullable<NodeFacts['images']>> {
  const kept = await Promise.all(
    [...pools].map(async ([pool, folder]) => (await cache.list(cacheFolder(folder), mostKept)).map((one) => ({ ...one, pool }))),
  )
  return kept.flat()
}
