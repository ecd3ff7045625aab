import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../../reconciler/lib/errors.ts'
import { sweepUnfinished, writePrivateFile } from '../../../reconciler/lib/private-file.ts'
import type { ObservedVolume, Problem } from '../../../schemas/generated/observation.ts'
import type { VolumeSpec } from '../../../schemas/generated/plan.ts'

/** What the driver knows of one image; the proof that it is ours. No secret stands in it. */
export type VolumeRecord = {
  readonly version: 1
  /** Tells one image from a later one of the same name. */
  readonly uid: string
  readonly key: string
  readonly spec: VolumeSpec
  /** sha256 of the spec. */
  readonly digest: string
  readonly phase: ObservedVolume['phase']
  readonly progress?: number
  readonly restarts: number
  readonly nextTryAt?: string
  readonly problem?: Problem
  /** Absolute path of the image: in place, or in quarantine. */
  readonly path: string
  readonly format: 'raw' | 'qcow2'
  readonly virtualBytes?: number
  /** The image is complete and about to get its name. */
  readonly finished?: boolean
  readonly quarantined?: { readonly since: string; readonly until: string }
}

/**
 * The records as files: `volumes/<base>.json`, for quarantined images `quarantine/<base>~<uid>.json`, and for the pools' ids
 * `pools/<hash of the folder>.json`.
 */
export class RecordStore {
  readonly #folder: string
  readonly #live: string
  readonly #held: string
  readonly #pools: string

  constructor(stateDir: string) {
    this.#folder = stateDir
    this.#live = join(stateDir, 'volumes')
    this.#held = join(stateDir, 'quarantine')
    this.#pools = join(stateDir, 'pools')
  }

  /** Removes what a kill left half written; at the start only. */
  async sweep(): Promise<void> {
    for (const folder of [this.#folder, this.#live, this.#held, this.#pools]) await sweepUnfinished(folder)
  }

  async get(base: string): Promise<VolumeRecord | undefined> {
    return await readRecord(join(this.#live, `${base}.json`))
  }

  async put(base: string, record: VolumeRecord): Promise<void> {
    await writeJson(join(this.#live, `${base}.json`), record)
  }

  async drop(base: string): Promise<void> {
    await rm(join(this.#live, `${base}.json`), { force: true })
  }

  async hold(base: string, record: VolumeRecord): Promise<void> {
    await writeJson(join(this.#held, `${base}~${record.uid}.json`), record)
  }

  async dropHeld(base: string, uid: string): Promise<void> {
    await rm(join(this.#held, `${base}~${uid}.json`), { force: true })
  }

  async all(): Promise<VolumeRecord[]> {
    return await readFolder(this.#live)
  }

  /** Newest first. */
  async held(): Promise<VolumeRecord[]> {
    const records = await readFolder(this.#held)
    return records.sort((a, b) => (b.quarantined?.since ?? '').localeCompare(a.quarantined?.since ?? ''))
  }

  /** The id in the marker of the pool in this folder; undefined where none was ever seen. */
  async poolId(folder: string): Promise<string | undefined> {
    return ((await readJson(this.#poolFile(folder))) as { readonly id: string } | undefined)?.id
  }

  async notePool(folder: string, id: string): Promise<void> {
    await writeJson(this.#poolFile(folder), { folder, id })
  }

  #poolFile(folder: string): string {
    return join(this.#pools, `${createHash('sha256').update(folder).digest('hex').slice(0, 32)}.json`)
  }
}

async function readFolder(folder: string): Promise<VolumeRecord[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  const records = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map(async (name) => await readRecord(join(folder, name))),
  )
  return records.filter((record) => record !== undefined)
}

async function readRecord(path: string): Promise<VolumeRecord | undefined> {
  const value = await readJson(path)
  return value === undefined ? undefined : (value as VolumeRecord)
}

/** Undefined where the file is not there. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Writes by a synced temporary file and an atomic rename. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writePrivateFile(path, JSON.stringify(value))
}
