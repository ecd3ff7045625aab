import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SchemaFinding } from '../../../../../reconciler/desired/validate/types.ts'
import { validateObject } from '../../../../../reconciler/desired/validate/validate-object.ts'
import { at, guestOf, virtualMachine, type AnyObject } from './fixtures.ts'

function findings(change: (vm: AnyObject) => void): readonly SchemaFinding[] {
  return validateObject('VirtualMachine', virtualMachine(change))
}

function only(change: (vm: AnyObject) => void): SchemaFinding {
  const all = findings(change)
  assert.equal(all.length, 1, JSON.stringify(all))
  return all[0] as SchemaFinding
}

describe('validateObject', () => {
  it('finds nothing wrong with a valid object', () => {
    assert.deepEqual(
      findings(() => {}),
      [],
    )
  })

  it('takes older versions, an empty status and a null creationTimestamp', () => {
    const found = findings((vm) => {
      vm['apiVersion'] = 'kubevirt.io/v1alpha3'
      vm['status'] = {}
      at(vm, 'metadata')['creationTimestamp'] = null
    })
    assert.deepEqual(found, [])
  })

  it('takes null for a field that is not given', () => {
    const found = findings((vm) => {
      at(vm, 'spec')['preference'] = null
      guestOf(vm)['affinity'] = null
    })
    assert.deepEqual(found, [])
  })

  it('refuses an unknown version', () => {
    const finding = only((vm) => {
      vm['apiVersion'] = 'kubevirt.io/v2'
    })
    assert.equal(finding.code, 'InvalidValue')
    assert.equal(finding.field, 'apiVersion')
  })

  it('names the nearest field for a misspelt one, with the pointer of the key', () => {
    const finding = only((vm) => {
      at(guestOf(vm), 'domain', 'devices', 'disks', 0)['bootorder'] = 1
    })
    assert.equal(finding.code, 'UnknownField')
    assert.equal(finding.field, 'spec.template.spec.domain.devices.disks[0].bootorder')
    assert.deepEqual(finding.pointer, ['spec', 'template', 'spec', 'domain', 'devices', 'disks', 0, 'bootorder'])
    assert.equal(finding.action, 'Did you mean "bootOrder"?')
  })

  it('says that a field belongs one level up', () => {
    const [finding] = findings((vm) => {
      const disk = at(guestOf(vm), 'domain', 'devices', 'disks', 0)
      disk['disk'] = { bus: 'virtio', name: disk['name'] }
    })
    assert.equal(finding?.code, 'UnknownField')
    assert.match(finding?.action ?? '', /one level up, in spec\.template\.spec\.domain\.devices\.disks\[0\]/)
  })

  it('says that a field belongs further down', () => {
    const [finding] = findings((vm) => {
      guestOf(vm)['networks'] = [{ name: 'default', multus: null, networkName: 'br1' }]
    })
    assert.equal(finding?.field, 'spec.template.spec.networks[0].networkName')
    assert.match(finding?.action ?? '', /belongs in spec\.template\.spec\.networks\[0\]\.multus/)
  })

  it('says which object a field of the guest belongs to', () => {
    const [finding] = findings((vm) => {
      at(guestOf(vm), 'domain')['hostname'] = 'web'
    })
    assert.match(finding?.action ?? '', /one level up, in spec\.template\.spec:/)
  })

  it('names the allowed values and the nearest of them', () => {
    const finding = only((vm) => {
      at(guestOf(vm), 'domain', 'devices', 'disks', 0, 'disk')['bus'] = 'virtoi'
    })
    assert.equal(finding.code, 'InvalidValue')
    assert.match(finding.message, /must be one of virtio, scsi, sata, usb, not "virtoi"/)
    assert.equal(finding.action, 'Did you mean "virtio"?')
  })

  it('asks for quotes around a number that must be a text', () => {
    const finding = only((vm) => {
      at(vm, 'metadata', 'labels')['app'] = 1
    })
    assert.equal(finding.field, 'metadata.labels.app')
    assert.match(finding.message, /must be a text, not 1/)
    assert.equal(finding.action, 'Put it in quotes.')
  })

  it('reports null as the value of a label', () => {
    const finding = only((vm) => {
      at(vm, 'metadata', 'labels')['app'] = null
    })
    assert.match(finding.message, /must be a text, not empty/)
    assert.equal(finding.action, 'Write "" for an empty text.')
  })

  it('reports a malformed key of a map at the key', () => {
    const finding = only((vm) => {
      at(vm, 'metadata', 'labels')['not a key'] = 'x'
    })
    assert.deepEqual(finding.pointer, ['metadata', 'labels', 'not a key'])
    assert.equal(finding.code, 'InvalidValue')
  })

  it('reports a missing field at its parent', () => {
    const [finding] = findings((vm) => {
      delete at(vm, 'spec')['template']
    })
    assert.equal(finding?.code, 'MissingField')
    assert.equal(finding?.field, 'spec.template')
    assert.deepEqual(finding?.pointer, ['spec'])
  })

  it('says in words what a malformed value should look like', () => {
    const finding = only((vm) => {
      at(guestOf(vm), 'domain', 'devices', 'interfaces', 0)['macAddress'] = '02:00:00'
    })
    assert.match(finding.message, /not well-formed: "02:00:00"/)
    assert.match(finding.action ?? '', /six pairs/)
  })

  it('reports every fault at once', () => {
    const codes = findings((vm) => {
      vm['aditional'] = 1
      at(vm, 'spec')['running'] = true
      at(guestOf(vm), 'domain', 'memory')['guest'] = '2 Gigs'
      at(guestOf(vm), 'domain', 'devices', 'disks', 0)['name'] = 'other'
    }).map((finding) => finding.code)
    assert.deepEqual(codes.toSorted(), ['ConflictingFields', 'InvalidValue', 'MissingReference', 'UnknownField'])
  })

  it('never shows the content of a secret', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { password: 'geheim!' }, stringData: { pin: 4711 } }
    const found = validateObject('Secret', secret)
    assert.equal(found.length, 2)
    assert.doesNotMatch(JSON.stringify(found), /geheim|4711/)
  })

  it('never shows an address with credentials in it', () => {
    const spec = { source: { http: { url: 'ftp://user:geheim@host/x' } }, storage: { resources: { requests: { storage: '1Gi' } } } }
    const found = validateObject('DataVolume', { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: { name: 'd' }, spec })
    assert.equal(found.length, 1)
    assert.doesNotMatch(JSON.stringify(found), /geheim/)
  })

  it('bounds the findings of a hostile object', () => {
    const found = findings((vm) => {
      for (let index = 0; index < 5000; index += 1) vm[`field${index}`] = index
    })
    assert.equal(found.length, 100)
  })

  it('survives keys of the object prototype', () => {
    const [finding] = validateObject('VirtualMachine', JSON.parse('{"__proto__": {}, "constructor": 1}') as object)
    assert.ok(finding)
  })

  it('has nothing to say of a kind without a schema', () => {
    assert.deepEqual(validateObject('Pod', {}), [])
  })
})
