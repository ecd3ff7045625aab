import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callsAfter, callsBefore } from '../../../../../agent/drivers/nmstate/kernel-fill.ts'

const bond = {
  name: 'bond1',
  type: 'bond',
  'link-aggregation': { mode: 'balance-alb', options: { miimon: '100', use_carrier: true }, port: ['eth2'] },
}

describe('callsBefore', () => {
  it('makes a bond with its mode and options before it has ports', () => {
    assert.deepEqual(callsBefore({ interfaces: [bond] }, new Map()), [
      ['link', 'add', 'name', 'bond1', 'type', 'bond', 'mode', 'balance-alb', 'miimon', '100', 'use_carrier', '1'],
    ])
  })

  it('makes nothing that exists or shall be absent', () => {
    const link = { name: 'bond1', type: 'bond', up: true, mtu: 1500, addresses: [] }
    assert.deepEqual(callsBefore({ interfaces: [bond] }, new Map([['bond1', link]])), [])
    assert.deepEqual(callsBefore({ interfaces: [{ name: 'd0', type: 'dummy', state: 'absent' }] }, new Map()), [])
  })
})

describe('callsAfter', () => {
  it('sets bridge times in hundredths of a second, port options, MTU and link down, in that order', () => {
    const bridge = {
      name: 'br1',
      state: 'down',
      mtu: 1400,
      bridge: {
        options: { stp: { enabled: false, 'hello-time': 2 }, 'mac-ageing-time': 300 },
        port: [{ name: 'eth1', 'stp-hairpin-mode': true, 'stp-priority': 16 }],
      },
    }
    assert.deepEqual(callsAfter({ interfaces: [bridge] }), [
      ['link', 'set', 'dev', 'br1', 'type', 'bridge', 'stp_state', '0', 'hello_time', '200', 'ageing_time', '30000'],
      ['link', 'set', 'dev', 'eth1', 'type', 'bridge_slave', 'hairpin', 'on', 'priority', '16'],
      ['link', 'set', 'dev', 'br1', 'mtu', '1400'],
      ['link', 'set', 'dev', 'br1', 'down'],
    ])
  })

  it('takes IPv6 away so that the kernel gives no link-local address again', () => {
    assert.deepEqual(callsAfter({ interfaces: [{ name: 'br1', ipv6: { enabled: false } }] }), [
      ['link', 'set', 'dev', 'br1', 'addrgenmode', 'none'],
      ['-6', 'addr', 'flush', 'dev', 'br1'],
    ])
  })
})
