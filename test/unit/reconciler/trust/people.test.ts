import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { anybody, isMaker } from '../../../../reconciler/trust/people.ts'

test('nobody counts as without a part in what anybody may have signed', () => {
  equal(isMaker(['approver@example.org'], new Set(['author@example.org'])), false)
  equal(isMaker(['author@example.org'], new Set(['author@example.org'])), true)
  equal(isMaker(['approver@example.org'], new Set(['author@example.org', anybody])), true)
})
