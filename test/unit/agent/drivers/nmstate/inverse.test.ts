import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { inverseOf, snapshot, touchedNames } from '../../../../../agent/drivers/nmstate/inverse.ts'
import type { Link } from '../../../../../agent/drivers/nmstate/links.ts'

const linkOf = (name: string): Link => ({ name, type: 'ethernet', up: true, mtu: 1500, addresses: [] })
const linksOf = (names: readonly string[]): Map<string, Link> => new Map(names.map((name) => [name, linkOf(name)]))
const name = fc.stringMatching(/^[a-z]{1,3}[0-9]$/)

describe('inverseOf', () => {
  it('deletes only interfaces that the change named and that did not exist before it', () => {
    const names = fc.uniqueArray(name, { maxLength: 6 })
    fc.assert(
      fc.property(names, names, names, (wanted, existing, appeared) => {
        const state = { interfaces: wanted.map((one) => ({ name: one, type: 'linux-bridge' })) }
        const current = { interfaces: existing.map((one) => ({ name: one, type: 'linux-bridge', state: 'up' })) }
        const before = snapshot(state, current, linksOf(existing))
        const inverse = inverseOf(before, {}, linksOf([...existing, ...wanted, ...appeared]))
        const removed = inverse.remove.map((call) => call.at(-1))
        assert.ok(removed.every((one) => one !== undefined && wanted.includes(one) && !existing.includes(one)))
        assert.deepEqual(
          removed,
          wanted.filter((one) => !existing.includes(one)),
        )
      }),
    )
  })

  it('gives MTU, controller and administrative state back', () => {
    const before = {
      state: {},
      missing: [],
      links: [
        { ...linkOf('eth1'), up: false, mtu: 9000 },
        { ...linkOf('eth2'), controller: 'br0' },
      ],
    }
    assert.deepEqual(inverseOf(before, {}, linksOf(['eth1', 'eth2'])).settle, [
      ['link', 'set', 'dev', 'eth1', 'mtu', '9000'],
      ['link', 'set', 'dev', 'eth1', 'nomaster'],
      ['link', 'set', 'dev', 'eth1', 'down'],
      ['link', 'set', 'dev', 'eth2', 'mtu', '1500'],
      ['link', 'set', 'dev', 'eth2', 'master', 'br0'],
      ['link', 'set', 'dev', 'eth2', 'up'],
    ])
  })

  it('takes new routes of existing interfaces away and brings the old ones back', () => {
    const old = { destination: '0.0.0.0/0', 'next-hop-interface': 'eth1' }
    const fresh = { destination: '198.51.100.0/24', 'next-hop-interface': 'eth1' }
    const foreign = { destination: '203.0.113.0/24', 'next-hop-interface': 'eth7' }
    const before = { state: { routes: { config: [old] } }, missing: [], links: [linkOf('eth1')] }
    const { state } = inverseOf(before, { routes: { config: [fresh, foreign] } }, linksOf(['eth1']))
    assert.deepEqual(state['routes'], { config: [{ ...fresh, state: 'absent' }, old] })
  })
})

describe('touchedNames', () => {
  it('counts ports now and then, peers, controllers and what stands on a touched interface', () => {
    const state = {
      interfaces: [
        { name: 'br1', bridge: { port: [{ name: 'eth1' }] } },
        { name: 'v0', veth: { peer: 'v1' }, controller: 'br2' },
      ],
    }
    const current = {
      interfaces: [
        { name: 'br1', bridge: { port: [{ name: 'eth5' }] } },
        { name: 'eth1.7', vlan: { 'base-iface': 'eth1' } },
        { name: 'eth9.7', vlan: { 'base-iface': 'eth9' } },
      ],
    }
    assert.deepEqual([...touchedNames(state, current)].sort(), ['br1', 'br2', 'eth1', 'eth1.7', 'eth5', 'v0', 'v1'])
  })
})

describe('snapshot', () => {
  it("leaves guests' taps to ip(8), in the interfaces and among a bridge's ports", () => {
    const current = {
      interfaces: [
        { name: 'br1', type: 'linux-bridge', bridge: { port: [{ name: 'eth1' }, { name: 'vnet0' }] } },
        { name: 'eth1', type: 'veth', controller: 'br1', ipv6: { enabled: true } },
        { name: 'vnet0', type: 'tun', state: 'ignore', controller: 'br1' },
      ],
    }
    const before = snapshot({ interfaces: [{ name: 'br1' }] }, current, linksOf(['br1', 'eth1', 'vnet0']))
    assert.deepEqual(before.state['interfaces'], [
      { name: 'br1', type: 'linux-bridge', bridge: { port: [{ name: 'eth1' }] }, state: 'up' },
      { name: 'eth1', type: 'veth', controller: 'br1', state: 'up' },
    ])
    assert.deepEqual(before.links.map((link) => link.name).sort(), ['br1', 'eth1', 'vnet0'])
  })
})
