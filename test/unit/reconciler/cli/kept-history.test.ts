import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptHistory } from '../../../../reconciler/cli/kept-history.ts'

test('history is kept for a day at least and ten years at most', () => {
  assert.equal(keptHistory('90d'), 90 * 86_400_000)
  assert.equal(keptHistory('24h'), 86_400_000)
  assert.equal(keptHistory('3650d'), 3650 * 86_400_000)
  for (const wrong of ['23h', '3651d', '0s', '-1d', '90', 'for ever', '']) {
    assert.throws(() => keptHistory(wrong), { code: 'InvalidFlag', message: /is not a time to keep history for/ })
  }
})
