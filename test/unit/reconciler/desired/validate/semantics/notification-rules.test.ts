import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateObject } from '../../../../../../reconciler/desired/validate/validate-object.ts'

function faults(notifications: readonly object[]): string[] {
  const fleet = { apiVersion: 'gitvirt.io/v1alpha1', kind: 'Fleet', metadata: { name: 'fleet' }, spec: { notifications } }
  return validateObject('Fleet', fleet).map(({ code, field }) => `${code} ${field}`)
}

test('two rules of one name are refused: what a rule told is kept under its name', () => {
  assert.deepEqual(
    faults([
      { name: 'a', to: 'ops' },
      { name: 'b', to: 'ops' },
    ]),
    [],
  )
  assert.deepEqual(
    faults([
      { name: 'a', to: 'ops' },
      { name: 'a', to: 'mail' },
    ]),
    ['DuplicateName spec.notifications[1].name'],
  )
})

test('a rule names a destination, never an address', () => {
  for (const to of ['https://example.org', 'a@example.org', '../ops', 'Ops'])
    assert.deepEqual(faults([{ name: 'a', to }]), ['InvalidValue spec.notifications[0].to'], to)
  assert.deepEqual(faults([{ name: 'a', to: 'ops', url: 'https://example.org' }]), ['UnknownField spec.notifications[0].url'])
})
