import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeObject, fieldLabel } from '../../../../../reconciler/cli/output/describe.ts'

test('writes field names in words', () => {
  assert.equal(fieldLabel('printableStatus'), 'Printable Status')
  assert.equal(fieldLabel('apiVersion'), 'API Version')
  assert.equal(fieldLabel('kubernetes.io/hostname'), 'kubernetes.io/hostname')
})

test('describes an object with nested fields, lists and its events', () => {
  const text = describeObject(
    {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'demo', namespace: 'default', labels: { app: 'web' }, uid: 'u-1' },
      spec: { disks: [{ name: 'root', bus: 'virtio' }], running: true },
    },
    [{ type: 'Normal', reason: 'Started', age: '3s', from: 'gitvirt', message: 'it runs' }],
  )
  assert.match(text, /^Name: {10}demo$/m)
  assert.match(text, /^Labels: {8}app=web$/m)
  assert.match(text, /^Spec:\n {2}Disks:\n {4}Name: {2}root\n {4}Bus: {2}virtio\n {2}Running: {2}true$/m)
  assert.match(text, /^ {2}Normal {3}Started {3}3s {5}gitvirt {3}it runs$/m)
})

test('says that there are no events', () => {
  assert.match(describeObject({ metadata: { name: 'x' } }, []), /^Events: {2}<none>$/m)
})
