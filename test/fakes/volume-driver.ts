import type { VolumeDriver } from '../../agent/drivers/types.ts'
import { digestOf } from '../../reconciler/lib/digest.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import type { ObservedVolume } from '../../schemas/generated/observation.ts'
import type { FakeVolume, FakeWorld } from './world.ts'

export type FakeVolumeOptions = {
  /** Takes the place of the download: resolves when the image is there, rejects when it fails for good. */
  readonly import?: (key: string, signal: AbortSignal) => Promise<void>
}

/** A volume driver without images. Passes test/contract/volume-driver.ts. */
export function createFakeVolumeDriver(world: FakeWorld, options: FakeVolumeOptions = {}): VolumeDriver {
  const { volumes } = world.state
  const set = (key: string, verb: string, work: () => boolean): Promise<void> => world.act(verb, key, work)
  const begun = (key: string): FakeVolume => {
    const volume = volumes[key]
    if (volume === undefined) throw new GitvirtError({ code: 'VolumeNotFound', message: 'No such volume.', object: key })
    return volume
  }
  return {
    prepare: async () => undefined,
    facts: async () => ({ pools: [{ name: 'local', path: '/pool', capacityBytes: 100, availableBytes: 50 }] }),
    observe: async (keys) =>
      Object.entries(volumes)
        .filter(([key]) => keys === undefined || keys.includes(key))
        .map(([key, volume]) => observedVolume(key, volume)),
    async ensure(volume, _data, signal) {
      const present = volumes[volume.key]
      if (present?.phase === 'Succeeded') {
        present.applied = volume
        return
      }
      await set(volume.key, 'begin', () => {
        const fresh = volumes[volume.key] === undefined
        volumes[volume.key] = { applied: volume, phase: 'ImportInProgress' }
        return fresh
      })
      try {
        await options.import?.(volume.key, signal)
      } catch (error) {
        if (!signal.aborted) await set(volume.key, 'fail', () => ((begun(volume.key).phase = 'Failed'), true))
        throw error
      }
      await set(volume.key, 'ensure', () => {
        begun(volume.key).phase = 'Succeeded'
        return true
      })
    },
    resize: (volume) =>
      set(volume.key, 'resize', () => {
        const present = begun(volume.key)
        if (volume.sizeBytes < present.applied.sizeBytes)
          throw new GitvirtError({ code: 'ShrinkRefused', message: 'An image is never made smaller.', object: volume.key, terminal: true })
        present.applied = volume
        return true
      }),
    quarantine: (key, until) => set(key, 'quarantine', () => ((begun(key).quarantinedUntil = until), true)),
    restore: (volume) => set(volume.key, 'restore', () => delete begun(volume.key).quarantinedUntil),
    remove: (key) => set(key, 'remove', () => delete volumes[key]),
    async sweep() {
      const now = new Date().toISOString()
      for (const [key, volume] of Object.entries(volumes)) {
        if ((volume.quarantinedUntil ?? now) < now) await set(key, 'sweep', () => delete volumes[key])
      }
    },
    file: async (key) =>
      volumes[key]?.phase === 'Succeeded' && volumes[key].quarantinedUntil === undefined
        ? { path: `/pool/${key}`, format: 'raw', virtualBytes: volumes[key].applied.sizeBytes }
        : undefined,
    close: async () => undefined,
  }
}

function observedVolume(key: string, volume: FakeVolume): ObservedVolume {
  const { applied, phase, quarantinedUntil } = volume
  return {
    kind: 'DataVolume',
    key,
    digest: digestOf([applied, phase === 'Succeeded' || phase === 'Failed' ? phase : '', quarantinedUntil]),
    phase,
    applied,
    ...(quarantinedUntil === undefined ? {} : { quarantined: { since: '2026-01-01T00:00:00Z', until: quarantinedUntil } }),
  }
}
