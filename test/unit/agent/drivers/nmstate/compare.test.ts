import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { compareStates } from '../../../../../agent/drivers/nmstate/compare.ts'
import type { NetworkState } from '../../../../../agent/drivers/nmstate/network-state.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/)
const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.constant(null))
const address = fc.record({ ip: fc.oneof(fc.ipV4(), fc.ipV6()), 'prefix-length': fc.integer({ min: 0, max: 128 }) })
const family = fc.record({ enabled: fc.constant(true), address: fc.array(address, { maxLength: 3 }) }, { requiredKeys: ['enabled'] })
const port = fc.record({ name, 'stp-priority': fc.nat(63), vlan: fc.dictionary(fc.string(), scalar) }, { requiredKeys: ['name'] })
const entry = fc.record(
  {
    name,
    type: fc.constantFrom('linux-bridge', 'bond', 'vlan', 'veth', 'ethernet'),
    state: fc.constantFrom('up', 'down'),
    mtu: fc.nat(9000),
    'mac-address': fc.constant('02:00:00:00:00:0A'),
    controller: name,
    ipv4: family,
    ipv6: family,
    bridge: fc.record({
      options: fc.dictionary(fc.string(), fc.oneof(scalar, fc.dictionary(fc.string(), scalar))),
      port: fc.uniqueArray(port, { selector: (one) => one.name }),
    }),
    'link-aggregation': fc.record({ mode: fc.string(), port: fc.uniqueArray(name), options: fc.dictionary(fc.string(), scalar) }),
    lldp: fc.dictionary(fc.string(), scalar),
  },
  { requiredKeys: ['name', 'state'] },
)
const route = fc.record(
  {
    destination: fc.constantFrom('198.51.100.0/24', '0.0.0.0/0'),
    'next-hop-interface': name,
    'next-hop-address': fc.ipV4(),
    metric: fc.integer({ min: -1, max: 500 }),
    'table-id': fc.nat(254),
  },
  { requiredKeys: ['destination', 'next-hop-interface'] },
)
const state: fc.Arbitrary<NetworkState> = fc.record({
  interfaces: fc.uniqueArray(entry, { selector: (one) => one.name, maxLength: 5 }),
  routes: fc.record({ config: fc.array(route, { maxLength: 3 }) }),
  'dns-resolver': fc.record({ config: fc.record({ server: fc.array(fc.ipV4()) }) }),
})

const bridge = (more: object): NetworkState => ({ interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'up', ...more }] })

describe('compareStates', () => {
  it('finds no difference between a state and itself', () => {
    fc.assert(fc.property(state, (one) => assert.deepEqual(compareStates(one, structuredClone(one)), [])))
  })

  it('finds no difference when the current state tells more than was asked for', () => {
    fc.assert(
      fc.property(state, entry, (one, more) => {
        const names = (one['interfaces'] as { name: string }[]).map((other) => other.name)
        const interfaces = [...(one['interfaces'] as object[]), ...(names.includes(more.name) ? [] : [more])]
        assert.deepEqual(compareStates(one, { ...one, interfaces }), [])
      }),
    )
  })

  it('finds every named interface that is gone', () => {
    fc.assert(
      fc.property(state, (one) => {
        const up = (one['interfaces'] as { name: string; state: string }[]).filter((other) => other.state === 'up')
        const drift = compareStates(one, { ...one, interfaces: [] })
        for (const { name: gone } of up) assert.ok(drift.some((difference) => difference.path === `interfaces[${gone}]`))
      }),
    )
  })

  it('compares numbers with their text, MAC addresses in either case, and addresses in any spelling', () => {
    const wanted = bridge({
      mtu: '1450',
      'mac-address': '02:00:00:00:00:ab',
      ipv6: { enabled: true, address: [{ ip: '2001:DB8:0:0::1', 'prefix-length': '64' }] },
    })
    const actual = bridge({
      mtu: 1450,
      'mac-address': '02:00:00:00:00:AB',
      ipv6: {
        enabled: true,
        address: [
          { ip: '2001:db8::1', 'prefix-length': 64 },
          { ip: 'fe80::1', 'prefix-length': 64 },
        ],
      },
    })
    assert.deepEqual(compareStates(wanted, actual), [])
  })

  it('tells path, expected and actual value of each difference', () => {
    const wanted = bridge({ mtu: 1450, bridge: { options: { stp: { enabled: true } }, port: [{ name: 'eth1' }, { name: 'eth2' }] } })
    const actual = bridge({ mtu: 1500, bridge: { options: { stp: { enabled: false } }, port: [{ name: 'eth1' }] } })
    assert.deepEqual(compareStates(wanted, actual), [
      { path: 'interfaces[br1].port', expected: 'eth1,eth2', actual: 'eth1' },
      { path: 'interfaces[br1].mtu', expected: '1450', actual: '1500' },
      { path: 'interfaces[br1].bridge.options.stp.enabled', expected: 'true', actual: 'false' },
    ])
  })

  it('leaves out addresses that DHCP or the kernel gave, and reports a static one that nobody asked for', () => {
    const wanted = bridge({ ipv4: { enabled: true, address: [{ ip: '192.0.2.1', 'prefix-length': 24 }] } })
    const given = { ip: '192.0.2.9', 'prefix-length': 24, 'valid-life-time': '100sec' }
    const own = { ip: '192.0.2.1', 'prefix-length': 24 }
    assert.deepEqual(compareStates(wanted, bridge({ ipv4: { enabled: true, address: [own, given] } })), [])
    const extra = { ip: '192.0.2.2', 'prefix-length': 24 }
    assert.equal(compareStates(wanted, bridge({ ipv4: { enabled: true, address: [own, extra] } }))[0]?.path, 'interfaces[br1].ipv4.address')
  })

  it("ignores guests' taps among the ports, but not other strangers", () => {
    const wanted = bridge({ bridge: { port: [] } })
    const current = (type: string): NetworkState => ({
      interfaces: [
        { name: 'br1', type: 'linux-bridge', state: 'up', bridge: { port: [{ name: 'x0' }] } },
        { name: 'x0', type, state: 'up' },
      ],
    })
    assert.deepEqual(compareStates(wanted, current('tun')), [])
    assert.equal(compareStates(wanted, current('veth'))[0]?.actual, 'x0')
  })

  it('takes the administrative state for a bridge without carrier', () => {
    const current = bridge({ state: 'down' })
    assert.deepEqual(compareStates(bridge({}), current, new Map([['br1', true]])), [])
    assert.equal(compareStates(bridge({}), current, new Map([['br1', false]]))[0]?.path, 'interfaces[br1].state')
  })

  it('reports what should be absent and is there', () => {
    const wanted: NetworkState = {
      interfaces: [{ name: 'br1', state: 'absent' }],
      routes: { config: [{ 'next-hop-interface': 'eth1', state: 'absent' }] },
    }
    const current = { ...bridge({}), routes: { config: [{ destination: '0.0.0.0/0', 'next-hop-interface': 'eth1' }] } }
    assert.deepEqual(
      compareStates(wanted, current).map((one) => one.path),
      ['interfaces[br1].state', 'routes.config[eth1]'],
    )
  })

  it('reports at most 64 differences', () => {
    const interfaces = Array.from({ length: 100 }, (_, index) => ({ name: `br${index}`, state: 'up' }))
    assert.equal(compareStates({ interfaces }, { interfaces: [] }).length, 64)
  })
})
