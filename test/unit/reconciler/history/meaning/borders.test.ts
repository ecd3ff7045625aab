import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as hold, constant, integer, nat, property, tuple, uniqueArray } from 'fast-check'
import { bordersOf } from '../../../../../reconciler/history/meaning/borders.ts'
import type { HistoryCommit } from '../../../../../reconciler/history/meaning/commit.ts'

/** Commits by the places of their parents. */
function commitsOf(parents: readonly (readonly number[])[]): HistoryCommit[] {
  return parents.map((places, index) => ({ id: `c${index}`, parents: places.map((place) => `c${place}`), committedAt: index, edits: [] }))
}

describe('borders of a history', () => {
  it('are every commit of a line', () => {
    assert.deepEqual([...bordersOf(commitsOf([[], [0], [1], [2]]))], [3, 2, 1])
  })

  it('are not beside a branch that is still open there', () => {
    // 1 and 2 grow from 0, 3 merges them, 4 follows.
    assert.deepEqual([...bordersOf(commitsOf([[], [0], [0], [1, 2], [3]]))], [4, 3])
  })

  it('have nothing before them that what follows grows from', () => {
    const history = integer({ min: 1, max: 30 }).chain((size) =>
      tuple(
        ...Array.from({ length: size }, (_, index) =>
          index === 0 ? constant<number[]>([]) : uniqueArray(nat({ max: index - 1 }), { minLength: 1, maxLength: 2 }),
        ),
      ),
    )
    hold(
      property(history, (parents) => {
        const borders = new Set(bordersOf(commitsOf(parents)))
        for (let index = 1; index < parents.length; index += 1) {
          const crossed = parents.slice(index + 1).some((places) => places.some((place) => place < index))
          assert.equal(borders.has(index), !crossed)
        }
      }),
    )
  })
})
