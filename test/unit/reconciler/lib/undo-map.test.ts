import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { UndoMap } from '../../../../reconciler/lib/undo-map.ts'

const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.option(fc.constantFrom('', 'x', 'y'), { nil: undefined }) })
type Step = { readonly key: string; readonly value: string | undefined }

function take(map: Map<string, string>, steps: readonly Step[]): void {
  for (const { key, value } of steps) {
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }
}

test('what was done since the last keep is taken back, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(step), fc.array(step), (kept, undone) => {
      const map = new UndoMap<string, string>()
      const expected = new Map<string, string>()
      take(expected, kept)
      take(map, kept)
      map.keep()
      take(map, undone)
      map.undo()
      assert.deepEqual(Object.fromEntries(map), Object.fromEntries(expected))
    }),
  )
})
