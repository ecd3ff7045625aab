import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { VersionedMap } from '../../../../../reconciler/desired/view/versioned-map.ts'

describe('VersionedMap', () => {
  it('keeps every version readable', () => {
    const edit = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.option(fc.integer(), { nil: undefined })), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
        const versions: [VersionedMap<number, number>, Map<number, number>][] = [[new VersionedMap(), new Map()]]
        for (const entries of edits) {
          const [map, model] = versions.at(-1) ?? assert.fail()
          const next = new Map(model)
          for (const [key, value] of entries)
            if (value === undefined) next.delete(key)
            else next.set(key, value)
          versions.push([map.with(new Map(entries)), next])
        }
        for (const [map, model] of versions) {
          assert.deepEqual(new Set(map.keys()), new Set(model.keys()))
          for (let key = 0; key <= 8; key += 1) assert.equal(map.get(key), model.get(key))
        }
      }),
    )
  })

  it('refuses to edit a version twice', () => {
    const map = new VersionedMap(new Map([[1, 1]]))
    map.with(new Map([[2, 2]]))
    assert.throws(() => map.with(new Map([[3, 3]])), /newest/)
  })
})
