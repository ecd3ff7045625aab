import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import { patternFaults } from '../../../../../reconciler/desired/validate/field-pattern.ts'

const faultOf = (pattern: string): string =>
  patternFaults([pattern])
    .map(({ message, action }) => `${message} ${action}`)
    .join()

for (const pattern of [
  'spec.template.spec.domain.memory.guest',
  'spec.template.spec.domain.memory',
  'spec.template.spec.domain.devices.disks[*].serial',
  'spec.template.spec.domain.devices.disks[root]',
  'spec.runStrategy',
  'metadata.labels.tier',
  'metadata.labels[example.org/tier]',
  'domain:domain/memory',
  'domain:live/devices/disk[vdb]',
]) {
  test(`${pattern} may be ignored`, () => assert.equal(faultOf(pattern), ''))
}

test('a name that the API does not have is told with the nearest one', () => {
  assert.equal(
    faultOf('spec.template.spec.domain.memroy.guest'),
    '"spec.template.spec.domain.memroy.guest": spec.template.spec.domain has no field "memroy". Did you mean "memory"?',
  )
})

for (const pattern of [
  '*',
  'metadata',
  'metadata.name',
  'kind',
  'spec',
  'spec.template.*',
  'spec.template.spec.domain.firmware',
  'spec.dataVolumeTemplates[x]',
  'domain:domain/uuid',
  'domain:domain/*',
]) {
  test(`${pattern} cannot be ignored: it makes the object what it is`, () => assert.match(faultOf(pattern), /makes the object what it is/))
}

test('what names no field ignores nothing, and is refused', () => {
  for (const pattern of ['', '.', 'domain:memory', 'x'.repeat(501)]) assert.notEqual(faultOf(pattern), '')
  assert.equal(patternFaults([]).length, 1)
  assert.equal(patternFaults(Array.from({ length: 101 }, () => 'spec.runStrategy')).length, 1)
})

test('a bad path is an error at its line, on a machine and in the Fleet, and the annotation is of machines only', () => {
  const errors = (text: string): string[] =>
    judgeBlob(Buffer.from(text))
      .problems.filter(({ severity }) => severity === 'error')
      .map(({ line, message }) => `${line}: ${message}`)
  const machine = `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: db
  annotations:
    gitvirt.io/ignore-differences: spec.template.spec.domain.memory.guest, spec.template.spec.domain.cpus
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory: { guest: 1Gi }
        devices: {}
`
  assert.equal(errors(machine).length, 1)
  assert.match(errors(machine)[0] ?? '', /^6: "spec\.template\.spec\.domain\.cpus": .* has no field "cpus"/)
  const policy = `apiVersion: gitvirt.io/v1alpha1
kind: Fleet
metadata: { name: prod }
spec:
  ignoreDifferences:
    - reason: sized elsewhere
      fields:
        - spec.template.spec.domain.memory.gest
`
  assert.match(errors(policy).join(), /^8: .*has no field "gest"/)
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  annotations:\n    gitvirt.io/ignore-differences: spec\n'
  assert.match(errors(namespace).join(), /^6: gitvirt\.io\/ignore-differences is of virtual machines only/)
})
