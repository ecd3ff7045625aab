import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateObject } from '../../../../../../reconciler/desired/validate/validate-object.ts'
import { at, dataVolume, virtualMachine, type AnyObject } from '../fixtures.ts'

const disk = { source: { blank: {} }, storage: { resources: { requests: { storage: '1Gi' } } } }

function pointers(kind: string, object: object): string[] {
  return validateObject(kind, object).map(({ code, pointer }) => `${code} ${pointer.join(' ')}`)
}

function annotated(annotations: AnyObject): AnyObject {
  return { ...dataVolume(disk), metadata: { name: 'disk', annotations } }
}

describe('checkAnnotations', () => {
  for (const value of ['4w', '30 days', '', '-1h', '9'.repeat(400) + 'd']) {
    it(`refuses to keep a disk for "${value.slice(0, 20)}"`, () => {
      const found = pointers('DataVolume', annotated({ 'gitvirt.io/quarantine': value }))
      assert.deepEqual(found, ['InvalidValue metadata annotations gitvirt.io/quarantine'])
    })
  }

  it('refuses a prune that is neither enabled nor disabled, also in the templates of a machine', () => {
    const vm = virtualMachine((one) => {
      at(one, 'metadata')['annotations'] = { 'gitvirt.io/prune': 'Disabled' }
      at(one, 'spec')['dataVolumeTemplates'] = [{ metadata: { name: 'web-root', annotations: { 'gitvirt.io/prune': 'no' } }, spec: disk }]
    })
    assert.deepEqual(pointers('VirtualMachine', vm), [
      'InvalidValue metadata annotations gitvirt.io/prune',
      'InvalidValue spec dataVolumeTemplates 0 metadata annotations gitvirt.io/prune',
    ])
  })

  it('takes durations and both words', () => {
    for (const time of ['168h', '7d', '1h30m', '1.5h'])
      assert.deepEqual(pointers('DataVolume', annotated({ 'gitvirt.io/quarantine': time })), [])
    for (const word of ['enabled', 'disabled']) assert.deepEqual(pointers('DataVolume', annotated({ 'gitvirt.io/prune': word })), [])
  })
})
