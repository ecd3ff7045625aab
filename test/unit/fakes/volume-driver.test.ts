import { volumeDriverContract } from '../../contract/volume-driver.ts'
import { createFakeVolumeDriver } from '../../fakes/volume-driver.ts'
import { createFakeWorld } from '../../fakes/world.ts'
import { volumeSpec } from '../../integration/session/lab.ts'

volumeDriverContract('the fake', {
  create: async () => {
    const driver = createFakeVolumeDriver(createFakeWorld({ changed: () => undefined }))
    await driver.prepare()
    return { driver, close: () => driver.close() }
  },
  volume: () => volumeSpec('data'),
})
