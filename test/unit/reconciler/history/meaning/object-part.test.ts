import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { objectPart, restoreObject, type PlacedPart } from '../../../../../reconciler/history/meaning/object-part.ts'

const config = (name: string, word: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  word: ${word}\n`
const key = 'ConfigMap/default/web'

function placed(file: string): PlacedPart {
  const part = objectPart(file, key)
  assert.ok(part)
  return { path: 'all.yaml', file, part }
}

describe('restoring one object of a file', () => {
  it('changes its document and no other byte, wherever it stands', () => {
    const [a, b, old, now] = [config('a', 'x'), config('b', 'x'), config('web', 'old'), config('web', 'new')]
    const then = placed(old)
    for (const [file, wanted] of [
      [now, old],
      [`${now}---\n${b}`, `${old}---\n${b}`],
      [`${a}---\n${now}---\n${b}`, `${a}---\n${old}---\n${b}`],
      [`# head\n---\n${a}--- # mine\n${now}`, undefined],
      [`${a}---\n${now}`, `${a}---\n${old}`],
    ] as const) {
      const text = restoreObject(placed(file), then, undefined)?.text
      if (wanted === undefined)
        assert.deepEqual([objectPart(text ?? '', key)?.text.includes('old'), text?.startsWith(`# head\n---\n${a}`)], [true, true])
      else assert.equal(text, wanted)
    }
  })

  it('takes out a document that was not there, and the file with the last one', () => {
    const [a, now] = [config('a', 'x'), config('web', 'new')]
    assert.equal(restoreObject(placed(`${a}---\n${now}`), undefined, undefined)?.text, a)
    assert.equal(restoreObject(placed(`${now}---\n${a}`), undefined, undefined)?.text, a)
    assert.deepEqual(restoreObject(placed(now), undefined, undefined), { path: 'all.yaml', text: undefined })
  })

  it('adds a document that is gone, to its file or as a new one', () => {
    const [a, old] = [config('a', 'x'), config('web', 'old')]
    assert.equal(restoreObject(undefined, placed(`${a}---\n${old}`), a)?.text, `${a}---\n${old}`)
    assert.equal(restoreObject(undefined, placed(`${a}---\n${old}`), undefined)?.text, old)
    assert.equal(restoreObject(undefined, undefined, a), undefined)
  })

  it('sees the others of a List', () => {
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: ['web', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })),
    })
    assert.equal(objectPart(list, key)?.others, 1)
  })
})
