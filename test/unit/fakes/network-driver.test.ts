import { networkDriverContract } from '../../contract/network-driver.ts'
import { createFakeNetworkDriver } from '../../fakes/network-driver.ts'
import { createFakeWorld } from '../../fakes/world.ts'

const policy = {
  key: 'NodeNetworkConfigurationPolicy//br1',
  name: 'br1',
  desiredState: { interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'up' }] },
  origin: { path: 'network.yaml', line: 1, column: 1 },
}

networkDriverContract('the fake', {
  create: async () => {
    const driver = createFakeNetworkDriver(createFakeWorld({ changed: () => undefined }))
    await driver.prepare()
    return { driver, close: () => driver.close() }
  },
  policies: () => [policy, { ...policy, desiredState: { interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'up', mtu: 1400 }] } }],
})
