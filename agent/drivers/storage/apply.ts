import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '../../../reconciler/lib/digest.ts'
import { errorCode } from '../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import type { VolumeContext } from './context.ts'
import { ensureVolume, volumePathsOf, type EnsureCall } from './ensure.ts'
import { removePartials } from './import.ts'
import { settleQuarantine } from './quarantine.ts'
import { ownFolder } from './render.ts'

type Job = { readonly digest: string; readonly abort: AbortController; readonly done: Promise<void> }

/** The imports under way: one per volume. */
export class Jobs {
  readonly #context: VolumeContext
  readonly #jobs = new Map<ObjectKey, Job>()

  constructor(context: VolumeContext) {
    this.#context = context
  }

  has(key: ObjectKey): boolean {
    return this.#jobs.has(key)
  }

  /** Joins the import of the same spec; stops one of another spec first. */
  async ensure(call: EnsureCall): Promise<void> {
    const { key } = call.volume
    const digest = digestOf(call.volume)
    const running = this.#jobs.get(key)
    if (running !== undefined && running.digest === digest) {
      await running.done
      return
    }
    await this.stop(key)
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, call.signal])
    const done = ensureVolume(this.#context, { ...call, signal }).finally(() => this.#jobs.delete(key))
    this.#jobs.set(key, { digest, abort, done })
    await done
  }

  async stop(key: ObjectKey): Promise<void> {
    const job = this.#jobs.get(key)
    job?.abort.abort()
    await job?.done.catch(() => undefined)
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map(async (key) => await this.stop(key)))
  }
}

/** After a start: half moves are settled, and partial files that no unfinished import can resume are removed. */
export async function clearLeftovers(context: VolumeContext, folders: Iterable<string>): Promise<void> {
  await settleQuarantine(context)
  const keep = new Set<string>()
  for (const record of await context.records.all()) {
    const paths = volumePathsOf(context, record.spec)
    if (record.phase === 'Succeeded' || record.phase === 'Failed') await removePartials(paths)
    else {
      keep.add(paths.partial).add(`${paths.partial}.json`)
      if (record.finished === true) keep.add(paths.making)
    }
  }
  for (const folder of folders) await clearFolder(join(folder, ownFolder, 'partial'), keep)
}

async function clearFolder(folder: string, keep: ReadonlySet<string>): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  for (const name of names) if (!keep.has(join(folder, name))) await rm(join(folder, name), { force: true })
}
