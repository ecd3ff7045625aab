import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateObject } from '../../../../../../reconciler/desired/validate/validate-object.ts'
import { at, dataVolume, guestOf, virtualMachine } from '../fixtures.ts'

const faults = (kind: string, object: object): string[] => validateObject(kind, object).map(({ code, field }) => `${code} ${field}`)

describe('checkAmount', () => {
  it('refuses a disk larger than anything can be, at its place', () => {
    for (const storage of ['1e400', '8Ei']) {
      const disk = dataVolume({ source: { blank: {} }, storage: { resources: { requests: { storage } } } })
      assert.deepEqual(faults('DataVolume', disk), ['InvalidValue spec.storage.resources.requests.storage'])
    }
  })

  it('refuses such requests, memory and scratch disks of a machine', () => {
    const vm = virtualMachine((one) => {
      const domain = at(guestOf(one), 'domain')
      domain['memory'] = { guest: '1e400' }
      domain['resources'] = { requests: { cpu: '1e400' } }
      at(guestOf(one), 'volumes')[0] = { name: 'root', emptyDisk: { capacity: '1e400' } }
    })
    const domain = 'spec.template.spec.domain'
    assert.deepEqual(faults('VirtualMachine', vm).sort(), [
      `InvalidValue ${domain}.memory.guest`,
      `InvalidValue ${domain}.resources.requests.cpu`,
      'InvalidValue spec.template.spec.volumes[0].emptyDisk.capacity',
    ])
  })

  it('refuses such a limit of the Fleet', () => {
    const fleet = { apiVersion: 'gitvirt.io/v1alpha1', kind: 'Fleet', metadata: { name: 'fleet' }, spec: { prune: { maxBytes: '1e400' } } }
    assert.deepEqual(faults('Fleet', fleet), ['InvalidValue spec.prune.maxBytes'])
  })
})
