import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cleanLines } from '../../../../../reconciler/plan/text/value.ts'

it('words of others keep their lines and steer no terminal', () => {
  assert.equal(cleanLines('one\n\u001B[2Jtwo\u001B]0;x\u0007'), 'one\n\\u001b[2Jtwo\\u001b]0;x\\u0007')
})
