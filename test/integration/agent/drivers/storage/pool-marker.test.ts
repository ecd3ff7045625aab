import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { VolumeDriver } from '../../../../../agent/drivers/types.ts'
import type { VolumeSpec } from '../../../../../schemas/generated/plan.ts'
import { filesIn, forever, makeWorld, noData, one, type World } from './world.ts'

const later = '2999-01-01T00:00:00.000Z'
const past = '2001-01-01T00:00:00.000Z'
const unreachable = { code: 'ImageUnreachable', terminal: false }

const markerOf = (world: World): string => join(world.pool, '.gitvirt', 'pool-id')
const forgetMarkers = (world: World): void => {
  rmSync(markerOf(world))
  rmSync(join(world.dir, 'state', 'storage', 'pools'), { recursive: true })
}
const recordsOf = (world: World): string[] =>
  ['volumes', 'quarantine'].flatMap((folder) => filesIn(join(world.dir, 'state', 'storage', folder))).sort()

/** What is below the mount point when the file system of the pool is not mounted. */
const mountPoints = {
  'an empty mount point': (_pool: string) => undefined,
  'a mount point with folders of ours': (pool: string) => {
    for (const part of ['partial', 'quarantine', 'cache']) mkdirSync(join(pool, '.gitvirt', part), { recursive: true })
  },
  'a mount point with the marker of another pool': (pool: string) => {
    mkdirSync(join(pool, '.gitvirt', 'quarantine'), { recursive: true })
    writeFileSync(join(pool, '.gitvirt', 'pool-id'), 'another\n')
  },
}

type Pool = { readonly world: World; readonly volume: VolumeSpec; readonly driver: VolumeDriver; readonly path: string }

async function makePool(t: TestContext): Promise<Pool> {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  return { world, volume, driver, path: (await driver.file(volume.key))?.path ?? '' }
}

/** @returns what mounts it again */
function unmount(world: World, fill: (pool: string) => void = () => undefined): () => void {
  const away = `${world.pool}.unmounted`
  renameSync(world.pool, away)
  mkdirSync(world.pool)
  fill(world.pool)
  return () => {
    rmSync(world.pool, { recursive: true })
    renameSync(away, world.pool)
  }
}

for (const [name, fill] of Object.entries(mountPoints)) {
  describe(`a pool that is not mounted: ${name}`, () => {
    it('keeps the record of an image that is to be deleted, and quarantines it once it is mounted', async (t) => {
      const { world, volume, path } = await makePool(t)
      const mount = unmount(world, fill)
      const driver = await world.open()
      const before = recordsOf(world)
      await assert.rejects(driver.quarantine(volume.key, later), unreachable)
      await assert.rejects(driver.remove(volume.key), unreachable)
      await assert.rejects(driver.ensure(volume, noData, forever), unreachable)
      assert.deepEqual(recordsOf(world), before)
      mount()
      await driver.quarantine(volume.key, later)
      assert.equal(existsSync(path), false)
      await driver.restore(volume)
      assert.equal((await driver.file(volume.key))?.path, path)
    })

    it('keeps a quarantined image and its record over a sweep, a removal and a restart', async (t) => {
      const { world, volume, driver, path } = await makePool(t)
      await driver.quarantine(volume.key, past)
      const before = recordsOf(world)
      const mount = unmount(world, fill)
      for (const agent of [driver, await world.open()]) {
        await agent.sweep()
        await assert.rejects(agent.remove(volume.key), unreachable)
      }
      assert.deepEqual(recordsOf(world), before)
      mount()
      await driver.restore(volume)
      assert.equal((await driver.file(volume.key))?.path, path)
    })

    it('restores nothing, and the image once it is mounted', async (t) => {
      const { world, volume, driver, path } = await makePool(t)
      await driver.quarantine(volume.key, later)
      const before = recordsOf(world)
      const mount = unmount(world, fill)
      for (const agent of [driver, await world.open()]) await assert.rejects(agent.restore(volume), unreachable)
      assert.deepEqual(recordsOf(world), before)
      mount()
      await driver.restore(volume)
      assert.equal((await driver.file(volume.key))?.path, path)
    })

    it('makes no other image below the mount point', async (t) => {
      const { world } = await makePool(t)
      const mount = unmount(world, fill)
      const driver = await world.open()
      const other = world.volume('other')
      await assert.rejects(driver.ensure(other, noData, forever), { code: 'PoolUnreachable', terminal: false, action: /Mount/ })
      assert.deepEqual(filesIn(world.pool), [])
      mount()
      await driver.ensure(other, noData, forever)
      assert.equal((await one(driver, other)).phase, 'Succeeded')
    })
  })
}

it('keeps the record of one restore that a crash cut in two while the pool is not mounted', async (t) => {
  const { world, volume, driver, path } = await makePool(t)
  const record = join(world.dir, 'state', 'storage', 'volumes', 'gitvirt_demo_data.json')
  const live = readFileSync(record)
  await driver.quarantine(volume.key, later)
  writeFileSync(record, live)
  const before = recordsOf(world)
  const mount = unmount(world, mountPoints['a mount point with folders of ours'])
  await world.open()
  assert.deepEqual(recordsOf(world), before)
  mount()
  const second = await world.open()
  await second.restore(volume)
  assert.equal((await second.file(volume.key))?.path, path)
})

describe('a pool of a release without markers', () => {
  it('is marked at the first start where one of its images is there; others that are gone are then let go of', async (t) => {
    const { world, volume, driver, path } = await makePool(t)
    const other = world.volume('other')
    await driver.ensure(other, noData, forever)
    forgetMarkers(world)
    rmSync(path)
    const second = await world.open()
    assert.match(readFileSync(markerOf(world), 'utf8'), /^[0-9a-f-]{36}\n$/)
    await second.quarantine(volume.key, later)
    assert.deepEqual(
      (await second.observe()).map(({ key }) => key),
      [other.key],
    )
  })

  it('is marked by an image in its quarantine too', async (t) => {
    const { world, volume, driver } = await makePool(t)
    await driver.quarantine(volume.key, later)
    forgetMarkers(world)
    await world.open()
    assert.ok(existsSync(markerOf(world)))
  })

  it('is not marked below its mount point, and once it is mounted', async (t) => {
    const { world, volume } = await makePool(t)
    forgetMarkers(world)
    const mount = unmount(world, mountPoints['a mount point with folders of ours'])
    const driver = await world.open()
    await assert.rejects(driver.quarantine(volume.key, later), unreachable)
    await assert.rejects(driver.ensure(world.volume('other'), noData, forever), { code: 'PoolUnreachable', terminal: false })
    assert.equal(existsSync(markerOf(world)), false)
    mount()
    await driver.quarantine(volume.key, later)
    await world.open()
    assert.ok(existsSync(markerOf(world)))
  })
})

describe('a pool that was emptied by hand', () => {
  it('lets go of its images while its marker is in place', async (t) => {
    const { world, volume, driver, path } = await makePool(t)
    const held = world.volume('held')
    await driver.ensure(held, noData, forever)
    await driver.quarantine(held.key, past)
    rmSync(path)
    rmSync(join(world.pool, '.gitvirt', 'quarantine'), { recursive: true })
    await driver.quarantine(volume.key, later)
    await driver.sweep()
    assert.deepEqual([await driver.observe(), recordsOf(world)], [[], []])
  })

  it('tells without its marker what to write where, and goes by that', async (t) => {
    const { world, volume, driver } = await makePool(t)
    const id = readFileSync(markerOf(world), 'utf8').trim()
    rmSync(world.pool, { recursive: true })
    mkdirSync(world.pool)
    const words = new RegExp(`write ${id} into ${markerOf(world)}`)
    await assert.rejects(driver.quarantine(volume.key, later), { ...unreachable, action: words })
    mkdirSync(dirname(markerOf(world)))
    writeFileSync(markerOf(world), `${id}\n`)
    await driver.quarantine(volume.key, later)
    assert.deepEqual(await driver.observe(), [])
  })

  it('is marked anew where no image of it is recorded', async (t) => {
    const { world, volume, driver } = await makePool(t)
    await driver.remove(volume.key)
    const before = readFileSync(markerOf(world), 'utf8')
    rmSync(world.pool, { recursive: true })
    await driver.ensure(volume, noData, forever)
    assert.notEqual(readFileSync(markerOf(world), 'utf8'), before)
    rmSync((await driver.file(volume.key))?.path ?? '')
    await driver.quarantine(volume.key, later)
    assert.deepEqual(await driver.observe(), [])
  })
})

it('takes the marker of another agent that uses the pool', async (t) => {
  const { world, volume, path } = await makePool(t)
  const before = statSync(markerOf(world)).ino
  const other = await makeWorld(t)
  const driver = await other.open()
  const second = { ...other.volume('second'), pool: volume.pool }
  await driver.ensure(second, noData, forever)
  assert.equal(statSync(markerOf(world)).ino, before)
  rmSync((await driver.file(second.key))?.path ?? '')
  await driver.quarantine(second.key, later)
  assert.deepEqual([await driver.observe(), existsSync(path)], [[], true])
})

it('marks a pool once when many images are made in it at one time', async (t) => {
  const world = await makeWorld(t)
  const driver = await world.open()
  const volumes = ['a', 'b', 'c', 'd'].map((name) => world.volume(name))
  await Promise.all(volumes.map(async (volume) => await driver.ensure(volume, noData, forever)))
  for (const volume of volumes) {
    rmSync((await driver.file(volume.key))?.path ?? '')
    await driver.quarantine(volume.key, later)
  }
  assert.deepEqual(await driver.observe(), [])
})
