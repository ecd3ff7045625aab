import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tidyWords } from '../../../../../agent/drivers/libvirt/virsh-answer.ts'

const mark = 'mark|'
const lossPieces = ['error: ', 'Disconnected from qemu:///system due to end of file\n'] as const

/** What virsh writes of two commands and their marks, piece by piece, with the words of its other thread at every place between. */
function* interleavings(pieces: readonly string[]): Generator<string> {
  for (let first = 0; first <= pieces.length; first += 1)
    for (let second = first; second <= pieces.length; second += 1) {
      const parts = [pieces.slice(0, first), lossPieces[0], pieces.slice(first, second), lossPieces[1], pieces.slice(second)]
      yield parts.flat().join('')
    }
}

describe('tidyWords', () => {
  const failure = "failed to get domain 'x'"
  const failed = ['error: ', `${failure}\n`, 'error: ', `${mark}\n`]
  const done = ['error: ', `${mark}\n`]

  it('finds the failure of a command wherever another thread of virsh tells of the connection', () => {
    for (const text of interleavings([...failed, ...failed])) {
      const words = text.split(mark).slice(0, 2).map(tidyWords)
      for (const one of words) assert.match(one, new RegExp(failure), JSON.stringify(text))
    }
  })

  it('finds none where both commands were done', () => {
    for (const text of interleavings([...done, ...done])) {
      assert.deepEqual(text.split(mark).slice(0, 2).map(tidyWords), ['', ''], JSON.stringify(text))
    }
  })

  it('takes no warning for a failure', () => {
    assert.equal(tidyWords('2026-01-01 00:00:00.000+0000: 1: warning : virTest:1 : something\n'), '')
  })

  it('keeps all lines of one failure', () => {
    assert.equal(
      tidyWords('error: Failed to define\nerror: (domain_definition):1: unclosed\n<a>\n'),
      'error: Failed to define | error: (domain_definition):1: unclosed | <a>',
    )
  })
})
