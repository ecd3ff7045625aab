import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createNetworkHost, networkSkipReason, policyOf, type NetworkHost } from './network-host.ts'

const skip = networkSkipReason()

async function host(t: TestContext): Promise<NetworkHost> {
  const made = await createNetworkHost()
  t.after(() => made.close())
  return made
}

const signal = (): AbortSignal => new AbortController().signal

const bridge = policyOf('bridge', {
  interfaces: [
    {
      name: 'br1',
      type: 'linux-bridge',
      state: 'up',
      mtu: 1400,
      ipv4: { enabled: true, dhcp: false, address: [{ ip: '192.0.2.1', 'prefix-length': 24 }] },
      bridge: { options: { stp: { enabled: false } }, port: [{ name: 'eth1' }] },
    },
  ],
})

describe('kernel mode', { skip }, () => {
  it('makes a bridge with a port, an address and an MTU, and sees no drift afterwards', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    await driver.prepare()
    await driver.apply(bridge, signal())
    const links = await h.links()
    assert.equal(links.find((link) => link.ifname === 'eth1')?.master, 'br1')
    assert.equal(links.find((link) => link.ifname === 'br1')?.mtu, 1400)
    assert.match(await h.ip('addr', 'show', 'br1'), /inet 192\.0\.2\.1\/24/)
    const [seen] = await driver.observe()
    assert.deepEqual(seen?.drift, [])
    assert.deepEqual(seen?.applied, bridge)
    assert.equal(seen?.conditions.find((one) => one.status === 'True')?.type, 'Available')
    assert.deepEqual(seen?.conditions.find((one) => one.type === 'Available')?.reason, 'SuccessfullyConfigured')
  })

  it('changes nothing when the same policy comes again', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    await driver.apply(bridge, signal())
    const before = await h.links()
    const [first] = await driver.observe()
    await driver.apply(bridge, signal())
    assert.deepEqual(await h.links(), before)
    const [second] = await driver.observe()
    assert.equal(second?.digest, first?.digest)
  })
})
