import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { VolumeDriver } from '../../agent/drivers/types.ts'
import type { ObservedVolume } from '../../schemas/generated/observation.ts'
import type { VolumeSpec } from '../../schemas/generated/plan.ts'

export type VolumeContract = {
  /** A driver that is prepared, on a host without volumes of ours, and how to end it. */
  readonly create: () => Promise<{ readonly driver: VolumeDriver; close(): Promise<void> }>
  /** A blank volume that this host can make; not the largest. */
  readonly volume: () => VolumeSpec
}

const none = { secrets: {}, configMaps: {} }
const forever = new AbortController().signal
const later = '2999-01-01T00:00:00.000Z'
const past = '2001-01-01T00:00:00.000Z'

/** What agent and machine driver rely on in any volume driver. */
export function volumeDriverContract(name: string, { create, volume: makeVolume }: VolumeContract): void {
  const withDriver = async (work: (driver: VolumeDriver, volume: VolumeSpec) => Promise<void>): Promise<void> => {
    const host = await create()
    try {
      await work(host.driver, makeVolume())
    } finally {
      await host.close()
    }
  }
  const look = async (driver: VolumeDriver, volume: VolumeSpec): Promise<ObservedVolume | undefined> =>
    (await driver.observe([volume.key]))[0]

  describe(`${name} as a volume driver`, () => {
    it('observes nothing and has no file where nothing was made', () =>
      withDriver(async (driver, volume) => {
        assert.deepEqual(await driver.observe(), [])
        assert.deepEqual(await driver.observe([volume.key]), [])
        assert.equal(await driver.file(volume.key), undefined)
        assert.ok((await driver.facts()).pools.length > 0)
      }))

    it('makes an image of the size that was asked for, also twice', () =>
      withDriver(async (driver, volume) => {
        await driver.ensure(volume, none, forever)
        const first = await look(driver, volume)
        await driver.ensure(volume, none, forever)
        assert.deepEqual([first?.phase, first?.applied], ['Succeeded', volume])
        assert.equal((await look(driver, volume))?.digest, first?.digest)
        assert.equal((await driver.file(volume.key))?.virtualBytes, volume.sizeBytes)
        assert.equal((await driver.observe()).length, 1)
      }))

    it('takes over a later spec of an image that is there', () =>
      withDriver(async (driver, volume) => {
        await driver.ensure(volume, none, forever)
        const before = await driver.file(volume.key)
        const next = { ...volume, annotations: { ...volume.annotations, note: 'later' } }
        await driver.ensure(next, none, forever)
        assert.deepEqual((await look(driver, volume))?.applied, next)
        assert.deepEqual(await driver.file(volume.key), before)
      }))

    it('grows an image, also twice', () =>
      withDriver(async (driver, volume) => {
        await driver.ensure(volume, none, forever)
        const larger = { ...volume, sizeBytes: 2 * volume.sizeBytes }
        await driver.resize(larger)
        await driver.resize(larger)
        assert.deepEqual((await look(driver, volume))?.applied, larger)
        assert.equal((await driver.file(volume.key))?.virtualBytes, larger.sizeBytes)
      }))

    it('refuses to make an image smaller', () =>
      withDriver(async (driver, volume) => {
        await driver.ensure(volume, none, forever)
        await assert.rejects(driver.resize({ ...volume, sizeBytes: volume.sizeBytes / 2 }), { code: 'ShrinkRefused' })
        assert.equal((await driver.file(volume.key))?.virtualBytes, volume.sizeBytes)
      }))

    it('takes an image out of reach, and brings it back', () =>
      withDriver(async (driver, volume) => {
        await driver.ensure(volume, none, forever)
        const before = await look(driver, volume)
        await driver.quarantine(volume.key, later)
        assert.equal(await driver.file(volume.key), undefined)
        assert.equal((await look(driver, volume))?.quarantined?.until, later)
        assert.notEqual((await look(driver, volume))?.digest, before?.digest)
        await driver.sweep()
        await driver.restore(volume)
        assert.deepEqual(await look(driver, volume), before)
        assert.equal((await driver.file(volume.key))?.virtualBytes, volume.sizeBytes)
      }))

    it('sweeps away what has been out of reach long enough', () =>
      withDriver(async (driver, volume) => {
        await driver.ensure(volume, none, forever)
        await driver.quarantine(volume.key, past)
        await driver.sweep()
        assert.deepEqual(await driver.observe(), [])
        await assert.rejects(driver.restore(volume), { code: 'VolumeNotFound' })
      }))

    it('removes, also twice', () =>
      withDriver(async (driver, volume) => {
        await driver.ensure(volume, none, forever)
        await driver.remove(volume.key)
        await driver.remove(volume.key)
        assert.equal(await look(driver, volume), undefined)
        assert.equal(await driver.file(volume.key), undefined)
      }))

    it('fails to grow what is not there', () =>
      withDriver(async (driver, volume) => {
        await assert.rejects(driver.resize(volume), { code: 'VolumeNotFound' })
      }))
  })
}
