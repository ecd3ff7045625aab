import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { convertFields } from '../../../../../reconciler/desired/convert/convert-object.ts'
import { translateNetworkState } from '../../../../../reconciler/desired/convert/network-policy.ts'
import { convertVirtualMachine } from '../../../../../reconciler/desired/convert/virtual-machine.ts'

const machine = (disks: unknown[], volumes: unknown[]) => ({
  spec: { template: { spec: { domain: { devices: { disks } }, volumes } } },
})

describe('translateNetworkState', () => {
  it('renames slaves and master, tells what was renamed, and keeps bond options', () => {
    const state = {
      interfaces: [
        { name: 'bond1', 'link-aggregation': { mode: 'balance-alb', options: { all_slaves_active: 'dropped' }, slaves: ['eth2', 'eth3'] } },
        { name: 'eth2', master: 'bond1' },
        { name: 'br0', bridge: { port: [{ name: 'b', 'link-aggregation': { slaves: [{ name: 'eth4' }] } }] } },
      ],
    }
    const { desiredState, translated } = translateNetworkState(state)
    assert.deepEqual(desiredState, {
      interfaces: [
        { name: 'bond1', 'link-aggregation': { mode: 'balance-alb', options: { all_slaves_active: 'dropped' }, port: ['eth2', 'eth3'] } },
        { name: 'eth2', controller: 'bond1' },
        { name: 'br0', bridge: { port: [{ name: 'b', 'link-aggregation': { port: [{ name: 'eth4' }] } }] } },
      ],
    })
    assert.equal(translated.length, 3)
    assert.match(translated[0] ?? '', /interface bond1: link-aggregation: slaves was renamed to port/)
  })

  it('gives today’s state, captures, and states with both keys back as they are', () => {
    for (const state of [
      { interfaces: '{{ capture.x.interfaces }}' },
      { interfaces: [{ name: 'b', 'link-aggregation': { port: ['a'], slaves: ['b'] } }] },
      { interfaces: [null, 1, { name: 'x', bridge: 5 }] },
    ]) {
      assert.deepEqual(translateNetworkState(state), { desiredState: state, translated: [] })
    }
  })
})

describe('convertVirtualMachine', () => {
  it('resolves volumeName where it is certain', () => {
    const { object, notes } = convertVirtualMachine(
      machine([{ name: 'd1', volumeName: 'root', disk: {} }], [{ name: 'root', registryDisk: { image: 'x' } }]),
    )
    assert.deepEqual(object, machine([{ name: 'root', disk: {} }], [{ name: 'root', containerDisk: { image: 'x' } }]))
    assert.equal(notes.length, 2)
  })

  it('leaves volumeName where it is not certain', () => {
    const unknownVolume = machine([{ name: 'd1', volumeName: 'other' }], [{ name: 'root' }])
    const twice = machine(
      [
        { name: 'd1', volumeName: 'root' },
        { name: 'd2', volumeName: 'root' },
      ],
      [{ name: 'root' }],
    )
    const taken = machine([{ name: 'd1', volumeName: 'root' }, { name: 'root' }], [{ name: 'root' }])
    for (const given of [unknownVolume, twice, taken]) assert.deepEqual(convertVirtualMachine(given), { object: given, notes: [] })
  })

  it('does not touch shapes that are no machine', () => {
    for (const given of [{}, { spec: 1 }, { spec: { template: [] } }])
      assert.deepEqual(convertFields('VirtualMachine', given).object, given)
  })
})
