import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { fieldPath } from '../../../../../schemas/field-path.ts'
import { parseFieldPath, parsePointer, valueAt } from '../../../../../reconciler/desired/validate/pointer.ts'

describe('fieldPath', () => {
  it('puts indexes and odd keys into brackets', () => {
    assert.equal(fieldPath(['spec', 'disks', 0, 'name']), 'spec.disks[0].name')
    assert.equal(fieldPath(['metadata', 'labels', 'a.b/c']), 'metadata.labels["a.b/c"]')
  })
})

describe('parsePointer', () => {
  it('reads back any way through an object', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.nat({ max: 3 })), { maxLength: 6 }), (way) => {
        let root: unknown = 'end'
        for (const part of way.toReversed()) {
          if (typeof part === 'number') root = Object.assign([], { [part]: root })
          else root = Object.fromEntries([[part, root]])
        }
        const text = way.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
        assert.deepEqual(parsePointer(text, root), way)
        assert.equal(valueAt(root, way), 'end')
      }),
    )
  })
})

describe('parseFieldPath', () => {
  it('reads back what fieldPath wrote', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat({ max: 30 }), fc.constantFrom('spec', 'a.b/c', '0', '')), { maxLength: 6 }),
        (way) => {
          assert.deepEqual(parseFieldPath(fieldPath(way)), way)
        },
      ),
    )
  })
})
