import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { parseMessage } from '../../../../schemas/wire/message.ts'

describe('parseMessage', () => {
  it('reads a message that fits', () => {
    const hello = { type: 'hello', node: 'h1', version: '1', protocol: 1 }
    assert.deepEqual(parseMessage(JSON.stringify(hello)), { message: hello })
  })

  it('names the place of what does not fit, and never its value', () => {
    const answer = parseMessage(
      JSON.stringify({ type: 'apply', plan: {}, secrets: { 'Secret/a/b': { password: ['hunter2'] } }, configMaps: {} }),
    )
    assert.ok('problem' in answer)
    assert.doesNotMatch(answer.problem, /hunter2/)
    assert.match(answer.problem, /^apply: /)
  })

  it('refuses fields that the contract does not have', () => {
    assert.ok('problem' in parseMessage('{"type":"welcome","protocol":1,"extra":true}'))
  })

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => 'problem' in parseMessage(text)))
    const types = fc.constantFrom('hello', 'observe', 'apply', 'step', 'command', '__proto__', 'constructor')
    fc.assert(
      fc.property(types, fc.dictionary(fc.string(), fc.jsonValue()), (type, fields) => {
        const answer = parseMessage(JSON.stringify({ ...fields, type }))
        return 'problem' in answer || 'message' in answer
      }),
    )
  })
})
