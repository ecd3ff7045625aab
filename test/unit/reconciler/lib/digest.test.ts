import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert, jsonValue, property } from 'fast-check'
import { canonicalJson, digestOf } from '../../../../reconciler/lib/digest.ts'
import { deepFreeze } from '../../../../reconciler/lib/frozen.ts'

/** The same value with the keys of all its objects the other way round. */
function turned(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(turned)
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, field]): [string, unknown] => [key, turned(field)])
      .toReversed(),
  )
}

describe('canonicalJson', () => {
  it('is JSON of the value', () => {
    assert(
      property(jsonValue(), (value) => {
        deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('is the same whatever order the keys stand in', () => {
    assert(
      property(jsonValue(), (value) => {
        equal(canonicalJson(turned(value)), canonicalJson(value))
      }),
    )
  })

  it('is the same of what is frozen, also in parts and for the second time', () => {
    assert(
      property(jsonValue(), jsonValue(), (shared, own) => {
        const frozen = deepFreeze(structuredClone(shared))
        for (let round = 0; round < 2; round += 1)
          equal(canonicalJson({ own, frozen, list: [frozen] }), canonicalJson({ own, frozen: shared, list: [shared] }))
      }),
    )
  })

  it('sorts many keys as it does few', () => {
    const keys = Array.from({ length: 40 }, (_, index) => `k${(index * 7) % 40}`)
    equal(
      canonicalJson(Object.fromEntries(keys.map((key) => [key, 0]))),
      `{${keys
        .toSorted()
        .map((key) => `"${key}":0`)
        .join(',')}}`,
    )
  })

  it('sorts keys, and leaves undefined out of objects', () => {
    equal(
      canonicalJson({ b: [1, undefined, { d: 'x', c: null }], a: undefined, '10': 1, '9': 2 }),
      '{"10":1,"9":2,"b":[1,null,{"c":null,"d":"x"}]}',
    )
    equal(canonicalJson(undefined), 'null')
  })

  it('writes every one of very many keys as it is', () => {
    const keys = Array.from({ length: 5000 }, (_, index) => `key "${index}"`)
    deepEqual(Object.keys(JSON.parse(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))) as object), keys.toSorted())
  })
})

describe('digestOf', () => {
  it('tells values apart, and not orders of keys', () => {
    equal(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }))
    notEqual(digestOf({ a: 1 }), digestOf({ a: '1' }))
  })
})
