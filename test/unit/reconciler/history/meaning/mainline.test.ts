import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { HistoryCommit } from '../../../../../reconciler/history/meaning/commit.ts'
import { arrivals, createContains } from '../../../../../reconciler/history/meaning/mainline.ts'

const graph: Readonly<Record<string, string[]>> = { a: [], b: ['a'], x: ['a'], y: ['x'], m: ['b', 'y'], z: ['y'], c: ['m'], n: ['c', 'z'] }
const commits = Object.entries(graph).map(([id, parents]): HistoryCommit => ({ id, parents, committedAt: 0, edits: [] }))

it('a commit arrived with the first merge on the main line that holds it', () => {
  assert.deepEqual(Object.fromEntries(arrivals(commits)), { a: 'a', b: 'b', x: 'm', y: 'm', m: 'm', z: 'n', c: 'c', n: 'n' })
})

it('a commit holds what is behind it, and nothing that is unknown', () => {
  const contains = createContains(commits)
  const held = (newer: string): string =>
    Object.keys(graph)
      .filter((older) => contains(newer, older))
      .join('')
  assert.deepEqual(['a', 'y', 'm', 'z', 'n'].map(held), ['a', 'axy', 'abxym', 'axyz', 'abxymzcn'])
  assert.equal(contains('n', 'unknown'), false)
  assert.equal(contains('unknown', 'a'), false)
})
