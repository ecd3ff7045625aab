import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Recent } from '../../../../reconciler/lib/recent.ts'

it('lets go of what was held for longest, and of no more than it must', () => {
  const recent = new Recent(2)
  const folded: string[] = []
  const hold = (name: string): void => recent.hold({ fold: () => folded.push(name) })
  hold('a')
  hold('b')
  assert.deepEqual(folded, [])
  hold('c')
  assert.deepEqual(folded, ['a'])
  hold('d')
  hold('e')
  assert.deepEqual(folded, ['a', 'b', 'c'])
})
