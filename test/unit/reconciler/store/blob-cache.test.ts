import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openBlobCache } from '../../../../reconciler/store/blob-cache.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gitvirt-blob-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'cache/blobs.db')

describe('openBlobCache', () => {
  it('gives back after reopening what was put in, under the same version only', () => {
    const first = openBlobCache({ file: file(), version: 'v1' })
    first.put(Array.from({ length: 450 }, (_, index) => [`id${index}`, `text ${index} ü`] as const))
    first.close()
    const second = openBlobCache({ file: file(), version: 'v1' })
    const ids = ['missing', ...Array.from({ length: 450 }, (_, index) => `id${index}`)]
    assert.equal(second.get(ids).size, 450)
    assert.equal(second.get(['id449']).get('id449'), 'text 449 ü')
    second.close()
    const third = openBlobCache({ file: file(), version: 'v2' })
    assert.equal(third.get(['id1']).size, 0)
    third.close()
  })

  it('drops entries of old versions and then the oldest, once the cap is reached', () => {
    const text = 'x'.repeat(1000)
    const old = openBlobCache({ file: file(), version: 'old' })
    old.put([
      ['a', text],
      ['b', text],
    ])
    old.close()
    const cache = openBlobCache({ file: file(), version: 'new', maxBytes: 5000 })
    cache.put([
      ['c', text],
      ['d', text],
      ['e', text],
      ['f', text],
    ])
    assert.equal(cache.get(['c', 'd', 'e', 'f']).size, 4)
    cache.put([['g', text]])
    cache.put([['h', text]])
    const left = [...cache.get(['c', 'd', 'e', 'f', 'g', 'h']).keys()].sort()
    assert.ok(left.length >= 4 && left.length < 6 && left.includes('h'), left.join())
    cache.close()
    const again = openBlobCache({ file: file(), version: 'old' })
    assert.equal(again.get(['a', 'b']).size, 0)
    again.close()
  })

  it('makes a damaged file anew', () => {
    mkdirSync(join(folder, 'cache'))
    writeFileSync(file(), 'this is no database, '.repeat(500))
    const cache = openBlobCache({ file: file(), version: 'v' })
    cache.put([['a', 'b']])
    assert.equal(cache.get(['a']).get('a'), 'b')
    cache.close()
  })

  it('lets nobody else read it', () => {
    openBlobCache({ file: file(), version: 'v' }).close()
    assert.equal(statSync(file()).mode & 0o777, 0o600)
  })

  it('lets two processes’ connections work side by side', () => {
    const one = openBlobCache({ file: file(), version: 'v' })
    const two = openBlobCache({ file: file(), version: 'v' })
    one.put([['a', '1']])
    two.put([['b', '2']])
    assert.deepEqual(Object.fromEntries(one.get(['a', 'b'])), { a: '1', b: '2' })
    one.close()
    two.close()
  })
})
