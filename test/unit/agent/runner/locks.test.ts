import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { createLocks, createSlots } from '../../../../agent/runner/locks.ts'

const never = new AbortController().signal

describe('createLocks', () => {
  it('never lets two hold one key, and never blocks for good, whatever sets of keys they want', async () => {
    const wish = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 12 }), async (wishes) => {
        const locks = createLocks()
        const held = new Set<string>()
        await Promise.all(
          wishes.map(async (keys) => {
            const free = await locks.acquire(keys, never)
            for (const key of keys) {
              assert.ok(!held.has(key))
              held.add(key)
            }
            await turn()
            for (const key of keys) held.delete(key)
            free()
          }),
        )
      }),
    )
  })

  it('takes nothing when the wait is aborted', async () => {
    const locks = createLocks()
    const free = await locks.acquire(['b'], never)
    const abort = new AbortController()
    const waiting = locks.acquire(['a', 'b'], abort.signal)
    abort.abort(new Error('superseded'))
    await assert.rejects(waiting, /superseded/)
    ;(await locks.acquire(['a'], never))()
    free()
    ;(await locks.acquire(['b'], never))()
  })
})

describe('createSlots', () => {
  it('lets no more in than there are slots, and everybody in the end', async () => {
    const slots = createSlots(2)
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 9 }, async () => {
        const free = await slots.acquire(never)
        inside += 1
        most = Math.max(most, inside)
        await turn()
        inside -= 1
        free()
      }),
    )
    assert.equal(most, 2)
  })

  it('hands the turn of one who gave up to the next', async () => {
    const slots = createSlots(1)
    const free = await slots.acquire(never)
    const abort = new AbortController()
    const second = slots.acquire(abort.signal)
    const third = slots.acquire(never)
    abort.abort(new Error('superseded'))
    await assert.rejects(second, /superseded/)
    free()
    ;(await third)()
  })
})
