import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { editDistance, nearest } from '../../../../../reconciler/desired/validate/nearest.ts'

describe('editDistance', () => {
  it('counts a swap of neighbours as one edit', () => {
    assert.equal(editDistance('virtoi', 'virtio'), 1)
  })

  it('is zero for equal words alone, symmetric, and at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (left, right) => {
        const distance = editDistance(left, right)
        assert.equal(distance === 0, left === right)
        assert.equal(distance, editDistance(right, left))
        assert.ok(distance <= Math.max(left.length, right.length))
      }),
    )
  })
})

describe('nearest', () => {
  it('ignores the case', () => {
    assert.equal(nearest('BOOTORDER', ['bus', 'bootOrder']), 'bootOrder')
  })

  it('finds nothing where nothing is near', () => {
    assert.equal(nearest('networkName', ['pod', 'multus', 'name']), undefined)
  })

  it('does not compare words that are absurdly long', () => {
    assert.equal(nearest('a'.repeat(100_000), ['a'.repeat(99_999)]), undefined)
  })
})
