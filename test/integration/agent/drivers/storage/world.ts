import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { createVolumeDriver, type VolumeDriverOptions } from '../../../../../agent/drivers/storage/driver.ts'
import type { VolumeDriver } from '../../../../../agent/drivers/types.ts'
import { startImageServer, type ImageServer, type ImageServerOptions } from '../../../../../lab/image-server.ts'
import { systemClock } from '../../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../../reconciler/lib/log.ts'
import type { ObservedVolume } from '../../../../../schemas/generated/observation.ts'
import type { VolumeSpec } from '../../../../../schemas/generated/plan.ts'
import { atEnd } from '../../../../at-end.ts'

export const mebibyte = 2 ** 20
export const noData = { secrets: {}, configMaps: {} }
export const forever = new AbortController().signal

export type World = {
  /** What must end before the world's folder is removed. */
  readonly cleanup: AsyncDisposableStack
  readonly dir: string
  readonly images: string
  readonly server: ImageServer
  readonly pool: string
  open(options?: VolumeDriverOptions): Promise<VolumeDriver>
  volume(name: string, change?: Partial<VolumeSpec>): VolumeSpec
  httpVolume(name: string, file: string, change?: Partial<VolumeSpec> & { checksum?: string }): VolumeSpec
}

/** A driver with a folder of its own and an image server on loopback. */
export async function makeWorld(t: TestContext, options: Pick<ImageServerOptions, 'basic' | 'tls'> = {}): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'gv-storage-'))
  // Last in, first out: drivers end before their folders go.
  const cleanup = new AsyncDisposableStack()
  atEnd(t, async () => await cleanup.disposeAsync())
  cleanup.defer(() => rmSync(dir, { recursive: true, force: true }))
  const images = join(dir, 'images')
  mkdirSync(images)
  const server = await startImageServer({ root: images, ...options })
  cleanup.defer(async () => await server.close())
  const pool = join(dir, 'pool')
  const volume = (name: string, change: Partial<VolumeSpec> = {}): VolumeSpec => ({ ...blankVolume(name, pool), ...change })
  return {
    cleanup,
    dir,
    images,
    server,
    pool,
    volume,
    httpVolume: (name, file, { checksum, ...change } = {}) =>
      volume(name, {
        spec: { source: { http: { url: `${server.url}/${file}`, ...(checksum === undefined ? {} : { checksum }) } } },
        ...change,
      }),
    open: async (driverOptions = {}) => {
      const driver = createVolumeDriver(driverContext(dir), {
        pool: async () => undefined,
        growRunning: async () => false,
        ...driverOptions,
      })
      cleanup.defer(async () => await driver.close())
      await driver.prepare()
      return driver
    },
  }
}

/** A blank volume of 8 MiB in a directory pool. */
export function blankVolume(name: string, pool: string): VolumeSpec {
  return {
    key: `DataVolume/demo/${name}`,
    namespace: 'demo',
    name,
    spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '8Mi' } } } },
    sizeBytes: 8 * mebibyte,
    pool: { name: 'test', type: 'dir', path: pool, format: 'qcow2' },
    annotations: {},
    allowedSources: ['127.0.0.1'],
    origin: { path: 'a.yaml', line: 1, column: 1 },
  }
}

export function driverContext(dir: string) {
  return {
    node: 'n1',
    stateDir: join(dir, 'state'),
    runDir: join(dir, 'run'),
    libvirtUri: 'test:///default',
    clock: systemClock,
    log: silentLogger,
    changed: () => undefined,
  }
}

/** A disk image with recognisable content in the given format. */
export function makeImage(path: string, format: string, bytes = 4 * mebibyte): void {
  const raw = `${path}.raw-source`
  execFileSync('dd', ['if=/dev/urandom', `of=${raw}`, 'bs=65536', 'count=16', 'status=none'])
  execFileSync('truncate', ['-s', String(bytes), raw])
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, raw, path])
}

/** True where both images hold the same, apart from zeros behind the shorter one. */
export function sameContent(left: { path: string; format: string }, right: { path: string; format: string }): boolean {
  execFileSync('qemu-img', ['compare', '-f', left.format, '-F', right.format, left.path, right.path])
  return true
}

/** Regular files below a folder, relative, the marker of the pool left out. */
export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(folder, name)).isFile() && basename(name) !== 'pool-id',
  )
}

export async function one(driver: VolumeDriver, volume: VolumeSpec): Promise<ObservedVolume> {
  const [observed] = await driver.observe([volume.key])
  if (observed === undefined) throw new Error(`${volume.key} is not observed`)
  return observed
}

/** Waits until the volume looks as asked. */
export async function until(
  driver: VolumeDriver,
  volume: VolumeSpec,
  ready: (observed: ObservedVolume) => boolean,
): Promise<ObservedVolume> {
  for (;;) {
    const [observed] = await driver.observe([volume.key])
    if (observed !== undefined && ready(observed)) return observed
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
