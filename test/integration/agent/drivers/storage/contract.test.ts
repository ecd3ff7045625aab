import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVolumeDriver } from '../../../../../agent/drivers/storage/driver.ts'
import { volumeDriverContract } from '../../../../contract/volume-driver.ts'
import { blankVolume, driverContext } from './world.ts'

let dir = ''

volumeDriverContract('storage on a directory pool', {
  create: async () => {
    dir = mkdtempSync(join(tmpdir(), 'gv-storage-'))
    const driver = createVolumeDriver(driverContext(dir), { pool: async () => undefined, growRunning: async () => false })
    await driver.prepare()
    const close = async (): Promise<void> => {
      await driver.close()
      rmSync(dir, { recursive: true, force: true })
    }
    return { driver, close }
  },
  volume: () => blankVolume('data', join(dir, 'pool')),
})
