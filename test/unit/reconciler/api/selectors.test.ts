import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ApiError } from '../../../../reconciler/api/api-error.ts'
import { fieldPredicate, labelPredicate } from '../../../../reconciler/api/selectors.ts'
import type { ApiObject } from '../../../../reconciler/status/api-object.ts'

function object(labels: Record<string, string>, more: Record<string, unknown> = {}): ApiObject {
  const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: 't', labels }
  return { apiVersion: 'v1', kind: 'X', metadata, ...more }
}

const cases: readonly [string, Record<string, string>, boolean][] = [
  ['a=b', { a: 'b' }, true],
  ['a==b', { a: 'c' }, false],
  ['a!=b', {}, true],
  ['a in (b, c)', { a: 'c' }, true],
  ['a notin (b,c)', { a: 'c' }, false],
  ['a notin (b,c)', {}, true],
  ['a', { a: '' }, true],
  ['!a', { a: '' }, false],
  ['a=b,c in (d,e),!f', { a: 'b', c: 'e' }, true],
  ['kubevirt.io/domain=x', { 'kubevirt.io/domain': 'x' }, true],
  ['constructor', {}, false],
]
for (const [selector, labels, expected] of cases) {
  test(`label selector "${selector}" ${expected ? 'takes' : 'leaves'} ${JSON.stringify(labels)}`, () => {
    assert.equal(labelPredicate(selector)?.(object(labels)), expected)
  })
}

test('refuses what is no selector, and fields that are not offered', () => {
  assert.throws(() => labelPredicate('a in b'), { status: 400 })
  assert.throws(() => fieldPredicate('spec.secret=x', 'ConfigMap'), { status: 400 })
  assert.throws(() => labelPredicate('a'.repeat(10_000)), { status: 400 })
})

test('selects events by the object that they concern, under both API groups', () => {
  const event = object({}, { involvedObject: { kind: 'VirtualMachine', name: 'demo' } })
  assert.equal(fieldPredicate('involvedObject.name=demo,involvedObject.kind!=Node', 'Event')?.(event), true)
  assert.equal(fieldPredicate('regarding.name=other', 'Event')?.(event), false)
})

test('any text is either a selector or a 400, never another failure', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      try {
        labelPredicate(text)?.(object({ a: 'b' }))
        fieldPredicate(text, 'Event')?.(object({}))
      } catch (error) {
        assert.ok(error instanceof ApiError && error.status === 400)
      }
    }),
  )
})
