import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { MachineFacts } from '../../../../../../agent/drivers/types.ts'
import { createAddressWatch } from '../../../../../../agent/drivers/libvirt/observe/address-watch.ts'

function facts(state: MachineFacts['state'], ips: string[], startedAt = '2026-01-01T00:00:00Z'): MachineFacts {
  return {
    kind: 'VirtualMachine',
    key: 'VirtualMachine/default/a',
    uid: 'u',
    state,
    startedAt,
    drift: [],
    interfaces: [{ name: 'default', mac: '02:00:00:00:00:01', ips }],
    volumes: [],
  }
}

test('looks again at a running guest without an address, ever more rarely, and gives up', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const changed = mock.fn()
  const watch = createAddressWatch(changed)
  watch.note([facts('running', [])])
  t.mock.timers.tick(999)
  assert.equal(changed.mock.callCount(), 0)
  t.mock.timers.tick(1)
  assert.equal(changed.mock.callCount(), 1)
  for (let round = 0; round < 30; round += 1) {
    watch.note([facts('running', [])])
    t.mock.timers.tick(60_000)
  }
  assert.equal(changed.mock.callCount(), 10)
})

test('stops when the address is there, and when the guest is off', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const changed = mock.fn()
  const watch = createAddressWatch(changed)
  for (const last of [facts('running', ['10.0.2.5']), facts('off', [])]) {
    watch.note([facts('running', [])])
    watch.note([last])
    t.mock.timers.tick(60_000)
  }
  assert.equal(changed.mock.callCount(), 0)
})

test('begins anew when the guest was started anew', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const changed = mock.fn()
  const watch = createAddressWatch(changed)
  for (let round = 0; round < 20; round += 1) {
    watch.note([facts('running', [])])
    t.mock.timers.tick(60_000)
  }
  watch.note([facts('running', [], '2026-01-01T01:00:00Z')])
  t.mock.timers.tick(1000)
  assert.equal(changed.mock.callCount(), 11)
  watch.close()
})
