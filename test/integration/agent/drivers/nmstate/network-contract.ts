import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import type { NetworkDriver } from '../../../../../agent/drivers/types.ts'
import type { Drift, ObservedPolicy } from '../../../../../schemas/generated/observation.ts'
import { policyOf, trueType, type NetworkHost } from './network-host.ts'

export type Contract = { readonly open: (t: TestContext) => Promise<NetworkHost>; readonly provider: 'networkmanager' | 'kernel' }

const signal = (): AbortSignal => new AbortController().signal

export const bridge = policyOf('bridge', {
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

/** What every provider must do alike; `eth1` is a free NIC of each host that `open` gives. */
export function networkContract({ open, provider }: Contract): void {
  it('makes a bridge with a port, an address and an MTU, and sees no drift afterwards', async (t) => {
    const h = await open(t)
    const driver = h.driver()
    await driver.prepare()
    await driver.apply(bridge, signal())
    const links = await h.links()
    assert.equal(links.find((link) => link.ifname === 'eth1')?.master, 'br1')
    assert.equal(links.find((link) => link.ifname === 'br1')?.mtu, 1400)
    assert.match(await h.ip('addr', 'show', 'br1'), /inet 192\.0\.2\.1\/24/)
    const seen = await only(driver.observe())
    assert.deepEqual(seen.drift, [])
    assert.deepEqual(seen.applied, bridge)
    assert.equal(seen.provider, provider)
    assert.equal(trueType(seen), 'Available')
    assert.equal(seen.conditions.find((one) => one.type === 'Available')?.reason, 'SuccessfullyConfigured')
  })

  it('changes nothing when the same policy comes again', async (t) => {
    const h = await open(t)
    const driver = h.driver()
    await driver.apply(bridge, signal())
    const before = (await h.links()).map((link) => [link.ifname, link.ifindex, link.master, link.mtu])
    const first = await only(driver.observe())
    await driver.apply(bridge, signal())
    assert.deepEqual(
      (await h.links()).map((link) => [link.ifname, link.ifindex, link.master, link.mtu]),
      before,
    )
    assert.equal((await only(driver.observe())).digest, first.digest)
  })

  it('keeps new labels of a policy without a touch of what was changed on the host', async (t) => {
    const h = await open(t)
    const driver = h.driver()
    await driver.apply(bridge, signal())
    await h.ip('link', 'set', 'br1', 'mtu', '1300')
    await driver.record({ ...bridge, labels: { tier: 'prod' } })
    assert.equal((await h.links()).find((link) => link.ifname === 'br1')?.mtu, 1300)
    const seen = await only(driver.observe())
    assert.deepEqual(seen.applied?.labels, { tier: 'prod' })
    assert.equal(seen.drift.length, 1)
  })

  it('reports a bridge that somebody deleted as drift and makes it again', async (t) => {
    const h = await open(t)
    const driver = h.driver()
    await driver.apply(bridge, signal())
    await h.ip('link', 'del', 'br1')
    await driftUnlessMended(driver, { path: 'interfaces[br1]', expected: 'up', actual: 'absent' }, async () => {
      return provider === 'networkmanager' && (await h.links()).some((link) => link.ifname === 'br1')
    })
    await driver.apply(bridge, signal())
    assert.deepEqual((await only(driver.observe())).drift, [])
    assert.match(await h.ip('addr', 'show', 'br1'), /192\.0\.2\.1\/24/)
  })

  it("keeps guests' taps on the bridge and never calls them drift", async (t) => {
    const h = await open(t)
    const driver = h.driver()
    await driver.apply(bridge, signal())
    await h.ip('tuntap', 'add', 'vnet0', 'mode', 'tap')
    await h.ip('link', 'set', 'vnet0', 'master', 'br1', 'up')
    await driver.apply(bridge, signal())
    assert.equal((await h.links()).find((link) => link.ifname === 'vnet0')?.master, 'br1')
    assert.deepEqual((await only(driver.observe())).drift, [])
  })

  it('rolls back a policy after which a probe fails, reports it, and holds it off', async (t) => {
    const h = await open(t)
    let probes = 0
    const reconcilerReachable = async (): Promise<void> => {
      probes += 1
      if ((await h.links()).some((link) => link.ifname === 'br9')) throw new Error('the reconciler does not answer')
    }
    const driver = h.driver({ probes: { timeout: 500, interval: 100, dnsName: false, reconcilerReachable } })
    const cutting = policyOf('cut', {
      interfaces: [{ name: 'br9', type: 'linux-bridge', state: 'up', bridge: { port: [{ name: 'eth1' }] } }],
    })
    await assert.rejects(driver.apply(cutting, signal()), { code: 'ProbeFailed', message: /reconciler/ })
    assert.ok(probes >= 3)
    const links = await h.links()
    assert.ok(!links.some((link) => link.ifname === 'br9'))
    assert.equal(links.find((link) => link.ifname === 'eth1')?.master, undefined)
    const seen = await only(driver.observe())
    assert.equal(trueType(seen), 'Failing')
    assert.equal(seen.problem?.reason, 'FailedToConfigure')
    assert.equal(seen.applied, undefined)
    await assert.rejects(driver.apply(cutting, signal()), { code: 'HeldOff' })
  })

  it("tells nmstate's own words for a policy that it refuses, and that trying again cannot help", async (t) => {
    const h = await open(t)
    const driver = h.driver()
    const broken = policyOf('broken', { interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'sideways' }] })
    await assert.rejects(driver.apply(broken, signal()), /sideways/)
    const seen = await only(driver.observe())
    assert.match(seen.problem?.message ?? '', /not valid NetworkState/)
    assert.equal(seen.problem?.fatal, true)
  })
}

/** The bond policy of OpenShift Virtualization's slides, with the old key, and VLANs and bridges on it. Needs eth2 and eth3. */
const bond = policyOf('worker-bond1', {
  interfaces: [
    {
      name: 'bond1',
      type: 'bond',
      state: 'up',
      ipv4: { enabled: false },
      'link-aggregation': { mode: 'balance-alb', options: { miimon: '100' }, slaves: ['eth2', 'eth3'] },
      mtu: 1450,
    },
    { name: 'bond1.102', type: 'vlan', state: 'up', vlan: { id: 102, 'base-iface': 'bond1' } },
    { name: 'bond1.103', type: 'vlan', state: 'up', vlan: { id: 103, 'base-iface': 'bond1' } },
    { name: 'br1', type: 'linux-bridge', state: 'up', bridge: { options: { stp: { enabled: false } }, port: [{ name: 'bond1' }] } },
    { name: 'br102', type: 'linux-bridge', state: 'up', bridge: { options: { stp: { enabled: false } }, port: [{ name: 'bond1.102' }] } },
  ],
})

export function bondContract({ open, provider }: Contract): void {
  it('makes a balance-alb bond from the old key "slaves", with bridges and VLANs on it, and mends what drifts', async (t) => {
    const h = await open(t)
    const driver = h.driver()
    await driver.apply(bond, signal())
    const detail = await h.ip('-d', 'link', 'show', 'bond1')
    assert.match(detail, /mtu 1450/)
    assert.match(detail, /bond mode balance-alb .*miimon 100/)
    assert.deepEqual(mastersOf(await h.links(), ['eth2', 'eth3', 'bond1', 'bond1.102']), ['bond1', 'bond1', 'br1', 'br102'])
    for (const id of [102, 103]) assert.match(await h.ip('-d', 'link', 'show', `bond1.${id}`), new RegExp(`vlan protocol 802.1Q id ${id}`))
    assert.deepEqual((await only(driver.observe())).drift, [])
    await h.ip('link', 'set', 'eth3', 'nomaster')
    await driftUnlessMended(driver, { path: 'interfaces[bond1].port', expected: 'eth2,eth3', actual: 'eth2' }, async () => {
      return provider === 'networkmanager' && mastersOf(await h.links(), ['eth3'])[0] === 'bond1'
    })
    await driver.apply(bond, signal())
    assert.deepEqual((await only(driver.observe())).drift, [])
    assert.deepEqual(mastersOf(await h.links(), ['eth2', 'eth3', 'bond1', 'bond1.102']), ['bond1', 'bond1', 'br1', 'br102'])
  })

  it('rolls a bond with its VLANs and bridges back when a probe fails afterwards: its ports are free again', async (t) => {
    const h = await open(t)
    const reconcilerReachable = async (): Promise<void> => {
      if ((await h.links()).some((link) => link.ifname === 'bond1')) throw new Error('the reconciler does not answer')
    }
    const driver = h.driver({ probes: { timeout: 500, interval: 100, dnsName: false, reconcilerReachable } })
    await assert.rejects(driver.apply(bond, signal()), { code: 'ProbeFailed', message: /reconciler/ })
    const links = await h.links()
    assert.deepEqual(mastersOf(links, ['eth2', 'eth3']), [undefined, undefined])
    assert.ok(!links.some((link) => /^(bond1|br1|br102)/.test(link.ifname)))
    assert.equal(trueType(await only(driver.observe())), 'Failing')
  })
}

function mastersOf(links: Awaited<ReturnType<NetworkHost['links']>>, names: readonly string[]): readonly (string | undefined)[] {
  return names.map((name) => links.find((link) => link.ifname === name)?.master)
}

/** NetworkManager mends some damage by its profiles while we look; what it has not mended by then must be told. */
async function driftUnlessMended(driver: NetworkDriver, expected: Drift, mended: () => Promise<boolean>): Promise<void> {
  const { drift, provider } = await only(driver.observe())
  if (drift.length === 0) assert.ok(await mended(), 'no drift was told, and nobody mended the damage')
  else if (provider === 'kernel') assert.deepEqual(drift, [expected])
  else for (const one of drift) assert.ok(one.path.startsWith(expected.path.slice(0, expected.path.indexOf(']'))), one.path)
}

async function only(policies: Promise<readonly ObservedPolicy[]>): Promise<ObservedPolicy> {
  const all = await policies
  assert.equal(all.length, 1)
  return all[0] as ObservedPolicy
}
