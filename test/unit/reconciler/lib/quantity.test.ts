import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isTooLarge, parseBytes, parseQuantity } from '../../../../reconciler/lib/quantity.ts'

describe('quantities', () => {
  it('reads suffixes and exponents', () => {
    assert.deepEqual(['1.5Ki', '100m', '1e3', 2].map(parseQuantity), [1536, 0.1, 1000, 2])
  })

  it('refuses what is not finite', () => {
    for (const text of ['1e400', '9'.repeat(310), '-1e400']) assert.throws(() => parseQuantity(text), { code: 'InvalidQuantity' })
  })

  it('refuses bytes that cannot be counted exactly', () => {
    assert.throws(() => parseBytes('1e30'), { code: 'InvalidQuantity' })
    assert.throws(() => parseBytes('8192Ti'), { code: 'InvalidQuantity' })
    assert.equal(parseBytes('8191Ti'), 8191 * 2 ** 40)
  })

  it('tells what is too large from what is no quantity', () => {
    assert.deepEqual(['1e400', '8Ei', '1Ti', 'much'].map(isTooLarge), [true, true, false, false])
  })
})
