import { createVolumeDriver } from '../../../../../agent/drivers/storage/driver.ts'
import type { VolumeSpec } from '../../../../../schemas/generated/plan.ts'
import { driverContext, forever, noData } from './world.ts'

/** Imports one volume in a process of its own, so that a test can kill it. */
const [dir = '', volume = '{}'] = process.argv.slice(2)
const driver = createVolumeDriver(driverContext(dir), { pool: async () => undefined })
await driver.prepare()
await driver.ensure(JSON.parse(volume) as VolumeSpec, noData, forever)
