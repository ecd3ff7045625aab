import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deepFreeze, ofFrozen } from '../../../../reconciler/lib/frozen.ts'

describe('deepFreeze', () => {
  it('freezes all the way down', () => {
    const value = deepFreeze({ a: [{ b: 1 }], c: null })
    throws(() => Object.assign(value.a[0] ?? {}, { b: 2 }), TypeError)
    deepEqual(value, { a: [{ b: 1 }], c: null })
  })
})

describe('ofFrozen', () => {
  it('computes once for a frozen object, also where the result is undefined', () => {
    const seen: object[] = []
    const of = ofFrozen((value: object) => void seen.push(value))
    const frozen = Object.freeze({})
    of(frozen)
    of(frozen)
    equal(seen.length, 1)
  })

  it('computes anew for what can change', () => {
    const size = ofFrozen((value: unknown[]) => value.length)
    const list = [1]
    equal(size(list), 1)
    list.push(2)
    equal(size(list), 2)
    ok(!Object.isFrozen(list))
  })
})
