import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boundedState, driftOf } from '../../../../../agent/drivers/nmstate/observe.ts'

describe('boundedState', () => {
  const big = {
    interfaces: [
      { name: 'vnet0', type: 'tun', ethtool: 'x'.repeat(600) },
      { name: 'eth0', type: 'ethernet', ethtool: 'x'.repeat(600) },
      { name: 'eth1', type: 'ethernet', ethtool: 'x'.repeat(600) },
    ],
    hostname: { running: 'h' },
  }

  it('hands a small state on as it is', () => {
    assert.equal(boundedState(big, 10_000), big)
  })

  it("drops hardware features and guests' taps first, then interfaces, and stays within the bound", () => {
    assert.deepEqual(boundedState(big, 200), {
      interfaces: [
        { name: 'eth0', type: 'ethernet' },
        { name: 'eth1', type: 'ethernet' },
      ],
      hostname: { running: 'h' },
    })
    assert.ok(JSON.stringify(boundedState(big, 100)).length <= 100)
    assert.deepEqual(boundedState(big, 20), { interfaces: [] })
  })
})

describe('driftOf', () => {
  it('finds none for a policy that was never applied', () => {
    const record = { key: 'k', provider: 'kernel' as const, limits: [], conditions: [] }
    assert.deepEqual(driftOf(record, { state: {}, links: new Map() }), [])
  })
})
