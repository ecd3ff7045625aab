import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf } from '../../../reconciler/lib/digest.ts'
import { describeError, errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { imageKey } from '../../../reconciler/lib/image-key.ts'
import type { VolumeSpec } from '../../../schemas/generated/plan.ts'
import type { InputData } from '../types.ts'
import type { VolumeContext } from './context.ts'
import { inspectImage } from './images.ts'
import { makeBlank, makeFromHttp, publish, removePartials, type ImportJob } from './import.ts'
import { isImageThere, usePoolFolder } from './pool-marker.ts'
import type { VolumeRecord } from './records.ts'
import { contentDigest, imageWork, poolFolder, volumeBase, volumePaths, type ImageWork, type VolumePaths } from './render.ts'

export type EnsureCall = { readonly volume: VolumeSpec; readonly data: InputData; readonly signal: AbortSignal }
type Attempt = EnsureCall & {
  readonly context: VolumeContext
  readonly base: string
  readonly paths: VolumePaths
  readonly work: ImageWork
}

const firstRetry = 1000
const lastRetry = 300_000
const progressEvery = 500

/**
 * Makes the image, trying again until it is there, it cannot ever be, or the signal ends it.
 * An image that is there is never written to: only its spec is recorded.
 */
export async function ensureVolume(context: VolumeContext, call: EnsureCall): Promise<void> {
  const { volume } = call
  const base = volumeBase(volume.namespace, volume.name)
  const paths = volumePaths(poolFolder(volume.pool, context.stateDir), base, volume.pool.format)
  const known = await context.records.get(base)
  if (known?.phase === 'Succeeded') {
    if (!(await isImageThere(context, known))) throw imageMissing(known)
    if (known.digest !== digestOf(volume)) await context.save(base, { ...known, spec: volume, digest: digestOf(volume) })
    return
  }
  const record = startRecord(known, { volume, paths })
  try {
    const work = imageWork(volume)
    if (known?.finished !== true || known.path !== paths.image) await refuseForeign(paths.image, volume)
    if (known !== undefined && contentDigest(known.spec) !== contentDigest(volume)) await removePartials(volumePathsOf(context, known.spec))
    await context.save(base, { ...record, phase: work.kind === 'blank' ? 'Pending' : 'ImportScheduled' })
    await usePoolFolder(context, paths.folder)
    await context.usePool(volume.pool.name, paths.folder)
    const attempt = { ...call, context, base, paths, work }
    if (known?.finished === true && (await isComplete(paths)))
      await complete(attempt, record, (await inspectImage(paths.image, record.format)).virtualBytes)
    else await retry(attempt, record)
  } catch (error) {
    if (call.signal.aborted || !(error instanceof GitvirtError) || !error.terminal) throw error
    await giveUp(context, { base, record: (await context.records.get(base)) ?? record, error, paths })
    throw error
  }
}

export function volumePathsOf(context: Pick<VolumeContext, 'stateDir'>, spec: VolumeSpec): VolumePaths {
  return volumePaths(poolFolder(spec.pool, context.stateDir), volumeBase(spec.namespace, spec.name), spec.pool.format)
}

function startRecord(known: VolumeRecord | undefined, call: { readonly volume: VolumeSpec; readonly paths: VolumePaths }): VolumeRecord {
  const { volume, paths } = call
  const digest = digestOf(volume)
  const same = known !== undefined && contentDigest(known.spec) === contentDigest(volume)
  return {
    version: 1,
    uid: same ? known.uid : randomUUID(),
    key: volume.key,
    spec: volume,
    digest,
    phase: 'Pending',
    restarts: same && known.phase !== 'Failed' ? known.restarts : 0,
    path: paths.image,
    format: volume.pool.format,
  }
}

async function retry(attempt: Attempt, first: VolumeRecord): Promise<void> {
  let record = first
  for (;;) {
    try {
      await makeOnce(attempt, record)
      return
    } catch (error) {
      if (attempt.signal.aborted) throw aborted(attempt.volume, error)
      if (error instanceof GitvirtError && error.terminal) throw error
      if (errorCode(error) === 'ErrNoSpace') {
        await removePartials(attempt.paths)
        await attempt.context.cache.clear(attempt.paths.cache)
      }
      const delay = retryDelay(record.restarts, attempt.context.random)
      record = await noteFailure(attempt, record, { error, delay })
      attempt.context.log.warn({ volume: record.key, code: errorCode(error), retryIn: delay }, describeError(error))
      await sleep(delay, undefined, { signal: attempt.signal }).catch((cause: unknown) => {
        throw aborted(attempt.volume, cause)
      })
    }
  }
}

/** Milliseconds before try number `restarts` + 2: 1 s, doubling to 5 min, spread by 20 %. */
export function retryDelay(restarts: number, random: () => number): number {
  return Math.round(Math.min(firstRetry * 2 ** Math.min(restarts, 30), lastRetry) * (0.9 + 0.2 * random()))
}

async function makeOnce(attempt: Attempt, record: VolumeRecord): Promise<void> {
  const { context, base, work, volume } = attempt
  const job = importJob(attempt, record)
  if (work.kind === 'blank') await makeBlank(job)
  else {
    await context.save(base, { ...record, phase: 'ImportInProgress', progress: record.progress ?? 0 })
    // One download for all volumes of an image: the others find it in the cache.
    await context.oneAtATime(
      `${job.paths.cache}/${imageKey(work.source, volume.namespace)}`,
      async () => await context.importing(job.signal, async () => await makeFromHttp(job, work.source)),
    )
  }
  attempt.signal.throwIfAborted()
  // Before the image has its name: a reader that is killed may be tried again.
  const { virtualBytes } = await inspectImage(attempt.paths.making, record.format)
  await context.records.put(base, { ...record, phase: 'ImportInProgress', finished: true })
  await refuseForeign(attempt.paths.image, volume)
  await publish(attempt.paths)
  await complete(attempt, record, virtualBytes)
}

function importJob(attempt: Attempt, record: VolumeRecord): ImportJob {
  const { context, base, volume, data, paths, signal } = attempt
  let last = 0
  const onProgress = (progress: number): void => {
    const now = context.clock.monotonic()
    if (now - last < progressEvery) return
    last = now
    context.progress(base, { ...record, phase: 'ImportInProgress', progress })
  }
  return { volume, data, paths, cache: context.cache, idle: context.idle, signal, onProgress }
}

/** Writes down that the image in place is the finished one. */
async function complete(attempt: Attempt, record: VolumeRecord, virtualBytes: number): Promise<void> {
  const { problem: _problem, nextTryAt: _nextTryAt, finished: _finished, ...rest } = record
  await removePartials(attempt.paths)
  await attempt.context.save(attempt.base, { ...rest, phase: 'Succeeded', progress: 100, virtualBytes })
}

/** True where a crash came between the rename and its record; finishes a rename that was still to come. */
async function isComplete(paths: VolumePaths): Promise<boolean> {
  if ((await stat(paths.image).catch(() => undefined)) !== undefined) return true
  if ((await stat(paths.making).catch(() => undefined)) === undefined) return false
  await publish(paths)
  return true
}

async function noteFailure(attempt: Attempt, record: VolumeRecord, failure: { error: unknown; delay: number }): Promise<VolumeRecord> {
  const now = attempt.context.clock.now()
  const noted: VolumeRecord = {
    ...record,
    phase: attempt.work.kind === 'blank' ? 'Pending' : 'ImportInProgress',
    restarts: record.restarts + 1,
    nextTryAt: new Date(now.getTime() + failure.delay).toISOString(),
    problem: { reason: errorCode(failure.error), message: describeError(failure.error), at: now.toISOString() },
  }
  await attempt.context.save(attempt.base, noted)
  return noted
}

type Defeat = { readonly base: string; readonly record: VolumeRecord; readonly error: GitvirtError; readonly paths: VolumePaths }

/** Nothing of a refused image stays. */
async function giveUp(context: VolumeContext, { base, record, error, paths }: Defeat): Promise<void> {
  await removePartials(paths)
  const source = record.spec.spec.source?.http
  if (source !== undefined) await context.cache.drop(paths.cache, imageKey(source, record.spec.namespace))
  const { nextTryAt: _nextTryAt, finished: _finished, ...rest } = record
  const problem = { reason: error.code, message: describeError(error), at: context.clock.now().toISOString(), fatal: true }
  await context.save(base, { ...rest, phase: 'Failed', problem })
}

/** A file of our name that no record of ours explains may be somebody's data. */
async function refuseForeign(path: string, volume: VolumeSpec): Promise<void> {
  if ((await stat(path).catch(() => undefined)) === undefined) return
  throw new GitvirtError({
    code: 'VolumeExists',
    message: `The file ${path} is there already, and this agent has no record of it.`,
    action: 'Move the file away, or give the DataVolume another name.',
    object: volume.key,
    terminal: true,
  })
}

function aborted(volume: VolumeSpec, cause: unknown): GitvirtError {
  return new GitvirtError({
    code: 'Aborted',
    message: 'The import was stopped; it goes on where it ended when it is asked for again.',
    object: volume.key,
    cause,
  })
}

/** A lost disk is never replaced by a fresh one behind somebody's back. */
function imageMissing(record: VolumeRecord): GitvirtError {
  return new GitvirtError({
    code: 'ImageMissing',
    message: `The image ${record.path} is gone.`,
    action: 'Put the file back from a backup, or remove the DataVolume and make it anew.',
    object: record.key,
    terminal: true,
  })
}
