import { machineDriverContract } from '../../contract/machine-driver.ts'
import { createFakeMachineDriver } from '../../fakes/machine-driver.ts'
import { createFakeWorld } from '../../fakes/world.ts'
import { machineSpec } from '../../integration/session/lab.ts'

machineDriverContract('the fake', {
  create: async () => {
    const driver = createFakeMachineDriver(createFakeWorld({ changed: () => undefined }))
    await driver.prepare()
    return { driver, close: () => driver.close() }
  },
  machine: () => machineSpec('web'),
})
