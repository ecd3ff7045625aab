import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTurns } from '../../../../reconciler/lib/turns.ts'

describe('turns', () => {
  it('run the tasks of one key one after the other, also after one that failed, and those of others meanwhile', async () => {
    const inTurn = createTurns()
    const said: string[] = []
    const gate = Promise.withResolvers<void>()
    const first = inTurn('a', async () => {
      await gate.promise
      said.push('first')
      throw new Error('as the test wants it')
    })
    const second = inTurn('a', async () => said.push('second'))
    await inTurn('b', async () => said.push('other'))
    assert.deepEqual(said, ['other'])
    gate.resolve()
    await assert.rejects(first, /as the test wants it/)
    await second
    assert.deepEqual(said, ['other', 'first', 'second'])
  })

  it('tell whether a key is busy, and when nothing is left', async () => {
    const inTurn = createTurns()
    const done: string[] = []
    void inTurn('a', async () => void done.push('one')).then(async () => await inTurn('a', async () => void done.push('two')))
    assert.deepEqual([inTurn.isBusy('a'), inTurn.isBusy('b')], [true, false])
    await inTurn.settled()
    assert.deepEqual(done, ['one', 'two'])
    assert.equal(inTurn.isBusy('a'), false)
  })
})
