import { describe } from 'node:test'
import { networkDriverContract } from '../../../../contract/network-driver.ts'
import { bridge } from './network-contract.ts'
import { createNetworkHost, networkSkipReason } from './network-host.ts'

describe('nmstate in kernel mode', { skip: networkSkipReason() }, () => {
  networkDriverContract('it', {
    create: async () => {
      const host = await createNetworkHost()
      const driver = host.driver()
      await driver.prepare()
      return { driver, close: () => host.close() }
    },
    policies: () => {
      const interfaces = (bridge.desiredState['interfaces'] as Record<string, unknown>[]).map((one) => ({ ...one, mtu: 1300 }))
      return [bridge, { ...bridge, desiredState: { interfaces } }]
    },
  })
})
