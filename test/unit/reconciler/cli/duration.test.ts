import assert from 'node:assert/strict'
import { test } from 'node:test'
import { milliseconds } from '../../../../reconciler/cli/duration.ts'

test('reads durations with one or more units', () => {
  assert.deepEqual(['500ms', '30s', '1m30s', '2h', '1.5s'].map(milliseconds), [500, 30_000, 90_000, 7_200_000, 1500])
})

test('refuses what is no duration, and says how to write one', () => {
  for (const text of ['', '30', 's', '1x', '-5s', '5s ']) assert.throws(() => milliseconds(text), { code: 'InvalidFlag', action: /500ms/ })
})
