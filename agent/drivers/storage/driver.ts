import { dirname, join } from 'node:path'
import { GitvirtError, describeError } from '../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import { builtInStorageClass } from '../../../schemas/provisioners.ts'
import { createSlots } from '../../runner/locks.ts'
import type { DriverContext, VolumeDriver } from '../types.ts'
import { clearLeftovers, Jobs } from './apply.ts'
import { ImageCache } from './cache.ts'
import type { VolumeContext } from './context.ts'
import { createGrowRunning, type GrowRunning } from './grow-running.ts'
import { bootableFile, keptImages, observeVolume, poolFacts } from './observe.ts'
import { lookUpPools } from './pool-marker.ts'
import { createPoolPort, type PoolPort } from './pool.ts'
import { baseOf, quarantineVolume, removeVolume, restoreVolume, sweepQuarantine } from './quarantine.ts'
import { readJson, RecordStore, writeJson, type VolumeRecord } from './records.ts'
import { resizeVolume } from './resize.ts'

export type VolumeDriverOptions = {
  /** Most bytes of downloads kept in each pool; default 20 GiB. */
  readonly cacheBytes?: number
  /** Milliseconds without a byte after which a transfer is given up; default 10 minutes. */
  readonly idle?: number
  /** Defines libvirt's pool; default: by virsh at the context's connection. */
  readonly pool?: PoolPort
  /** Grows the disk of a running guest; default: virsh blockresize. */
  readonly growRunning?: GrowRunning
  readonly random?: () => number
  /** Imports at work at one time; one that waits for its next try does not count. Default 3. */
  readonly imports?: number
}

/**
 * Volumes as files in libvirt pools of type dir. Records stand in `<stateDir>/storage`; the folder of the pool that needs no
 * StorageClass is `<parent of stateDir>/pools/<its name>`.
 */
export function createVolumeDriver(driver: DriverContext, options: VolumeDriverOptions = {}): VolumeDriver {
  const { context, pools, latest } = createContext(driver, options)
  const jobs = new Jobs(context)
  const growRunning = options.growRunning ?? createGrowRunning(driver.libvirtUri)
  const changing = async (key: ObjectKey, act: () => Promise<void>): Promise<void> => {
    await jobs.stop(key)
    latest.delete(key)
    await act()
    driver.changed(key)
  }
  return {
    prepare: async () => {
      await context.records.sweep()
      await pools.load()
      await lookUpPools(context, pools.known.get(builtInStorageClass) ?? '')
      await clearLeftovers(context, pools.known.values())
    },
    facts: async () => ({ pools: await poolFacts(pools.known), images: await keptImages(context.cache, pools.known) }),
    observe: async (keys) => {
      const records = keys === undefined ? await allRecords(context) : await recordsOf(context, keys)
      return await Promise.all(records.map(async (record) => await observeVolume(latest.get(record.key) ?? record, jobs.has(record.key))))
    },
    ensure: async (volume, data, signal) => {
      try {
        await jobs.ensure({ volume, data, signal })
      } finally {
        latest.delete(volume.key)
        driver.changed(volume.key)
      }
    },
    resize: async (volume) => await changing(volume.key, async () => await resizeVolume(context, volume, growRunning)),
    quarantine: async (key, until) => await changing(key, async () => await quarantineVolume(context, key, until)),
    restore: async (volume) => await changing(volume.key, async () => await restoreVolume(context, volume)),
    remove: async (key) => await changing(key, async () => await removeVolume(context, key)),
    sweep: async () => {
      const { deleted, next } = await sweepQuarantine(context)
      for (const key of deleted) driver.changed(key)
      return next
    },
    file: async (key) => await bootableFile(await context.records.get(baseOf(key))),
    close: async () => await jobs.stopAll(),
  }
}

type Made = { readonly context: VolumeContext; readonly pools: Pools; readonly latest: Map<ObjectKey, VolumeRecord> }

function createContext(driver: DriverContext, options: VolumeDriverOptions): Made {
  const stateDir = join(driver.stateDir, 'storage')
  const records = new RecordStore(stateDir)
  const pools = new Pools(driver, options.pool ?? createPoolPort(driver.libvirtUri))
  /** Progress that is shown but not written down. */
  const latest = new Map<ObjectKey, VolumeRecord>()
  const queues = new Map<string, Promise<unknown>>()
  const slots = createSlots(options.imports ?? 3)
  const context: VolumeContext = {
    stateDir: driver.stateDir,
    clock: driver.clock,
    log: driver.log,
    records,
    cache: new ImageCache(options.cacheBytes ?? 20 * 2 ** 30),
    idle: options.idle ?? 600_000,
    random: options.random ?? Math.random,
    save: async (base, record) => {
      await records.put(base, record)
      latest.delete(record.key)
      driver.changed(record.key)
    },
    progress: (_base, record) => {
      latest.set(record.key, record)
      driver.changed(record.key)
    },
    usePool: async (name, folder) => await pools.use(name, folder),
    importing: async (signal, work) => {
      const free = await slots.acquire(signal)
      try {
        return await work()
      } finally {
        free()
      }
    },
    oneAtATime: async (name, work) => {
      const before = queues.get(name) ?? Promise.resolve()
      const turn = before.then(work, work)
      const quiet = turn.catch(() => undefined)
      queues.set(name, quiet)
      void quiet.then(() => {
        if (queues.get(name) === quiet) queues.delete(name)
      })
      return await turn
    },
  }
  return { context, pools, latest }
}

/** The pools that this agent has used, by name, with their folders. */
class Pools {
  readonly known = new Map<string, string>()
  readonly #driver: DriverContext
  readonly #port: PoolPort
  readonly #file: string
  readonly #ready = new Set<string>()

  constructor(driver: DriverContext, port: PoolPort) {
    this.#driver = driver
    this.#port = port
    this.#file = join(driver.stateDir, 'storage', 'pools.json')
    this.known.set(builtInStorageClass, join(dirname(driver.stateDir), 'pools', builtInStorageClass))
  }

  async load(): Promise<void> {
    const saved = (await readJson(this.#file)) as readonly (readonly [string, string])[] | undefined
    for (const [name, folder] of saved ?? []) this.known.set(name, folder)
  }

  /** A libvirt that does not answer hinders no import: the images are files. A conflict does. */
  async use(name: string, folder: string): Promise<void> {
    if (this.known.get(name) !== folder) {
      this.known.set(name, folder)
      await writeJson(this.#file, [...this.known])
    }
    if (this.#ready.has(`${name} ${folder}`)) return
    try {
      await this.#port(name, folder)
      this.#ready.add(`${name} ${folder}`)
    } catch (error) {
      if (error instanceof GitvirtError && error.terminal) throw error
      this.#driver.log.warn({ pool: name }, `libvirt's pool could not be made: ${describeError(error)}`)
    }
  }
}

async function allRecords(context: VolumeContext): Promise<VolumeRecord[]> {
  const live = await context.records.all()
  const seen = new Set(live.map((record) => record.key))
  const held = (await context.records.held()).filter((record) => !seen.has(record.key) && seen.add(record.key))
  return [...live, ...held]
}

async function recordsOf(context: VolumeContext, keys: readonly ObjectKey[]): Promise<VolumeRecord[]> {
  const held = await context.records.held()
  const records = await Promise.all(
    keys.map(async (key) => (await context.records.get(baseOf(key))) ?? held.find((record) => record.key === key)),
  )
  return records.filter((record) => record !== undefined)
}
