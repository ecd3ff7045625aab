import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findTrailers } from '../../../../reconciler/trust/trailers.ts'

const found = (message: string): ReturnType<typeof findTrailers> => findTrailers(message, 'Gitvirt-Approve')

describe('trailers', () => {
  it('are the last paragraph, with others beside them, in any case of letters', () => {
    const message = 'Approve\n\nBecause.\n\nReviewed-by: second <second@example.org>\ngitvirt-approve: abc\n'
    assert.deepEqual(found(message), { values: ['abc'], misplaced: false })
    assert.deepEqual(found('Approve\r\n\r\nGitvirt-Approve: abc\r\nGitvirt-Approve: def\r\n').values, ['abc', 'def'])
  })

  it('go on in lines that are folded', () => {
    assert.deepEqual(found('Approve\n\nGitvirt-Approve: abc\n  def\n').values, ['abc def'])
  })

  for (const [what, message] of [
    ['the subject', 'Gitvirt-Approve: abc'],
    ['the middle', 'Approve\n\nGitvirt-Approve: abc\n\nThat is all.'],
    ['a paragraph with other text', 'Approve\n\nI write\nGitvirt-Approve: abc'],
    ['a quotation', 'Approve\n\nThey said:\n\n> Gitvirt-Approve: abc\n\nbut no'],
    ['an indented line', 'Approve\n\nNo:\n\n    Gitvirt-Approve: abc'],
  ] as const) {
    it(`do not stand in ${what}`, () => assert.deepEqual(found(message), { values: [], misplaced: true }))
  }

  it('are none where nobody wrote one', () => {
    assert.deepEqual(found('Approve\n\nApproved-by: abc\nX-Gitvirt-Approve: abc'), { values: [], misplaced: false })
    assert.deepEqual(found(''), { values: [], misplaced: false })
  })
})
