import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openBlobCache } from '../../../../reconciler/store/blob-cache.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gitvirt-blob-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'cache/blobs.db')

/** What another connection sees and does. */
function rows(sql: string): unknown[] {
  const db = new DatabaseSync(file())
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

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

  it('gives the newest text of an id, whatever it shared a row with, and keeps no row that nothing points to', () => {
    const cache = openBlobCache({ file: file(), version: 'v' })
    cache.put([
      ['a', 'a1'],
      ['b', 'b1'],
    ])
    cache.put([['a', 'a2']])
    cache.put([['a', 'a3']])
    assert.deepEqual(Object.fromEntries(cache.get(['a', 'b'])), { a: 'a3', b: 'b1' })
    assert.equal(rows('SELECT id FROM pack').length, 2)
    cache.put([['b', 'b2']])
    assert.deepEqual(Object.fromEntries(cache.get(['b', 'a'])), { a: 'a3', b: 'b2' })
    assert.equal(rows('SELECT id FROM pack').length, 2)
    cache.close()
  })

  it('keeps the texts of a fleet in few rows, and gives each as it was put', () => {
    const texts = Array.from({ length: 300 }, (_, index) => [`id${index}`, `${index} ü ${'x'.repeat(index * 7)}\n[1]\n`] as const)
    const cache = openBlobCache({ file: file(), version: 'v' })
    cache.put(texts)
    const count = rows('SELECT id FROM pack').length
    assert.ok(count > 1 && count < 10, String(count))
    assert.deepEqual(cache.get(texts.map(([id]) => id)), new Map(texts))
    assert.deepEqual([...cache.get(['id7'])], [texts[7]])
    cache.close()
  })

  it('gives the newest text also where most of all texts are asked for at once', () => {
    const texts = Array.from({ length: 1500 }, (_, index): [string, string] => [`id${index}`, `old ${index} ${'x'.repeat(200)}`])
    const cache = openBlobCache({ file: file(), version: 'v' })
    cache.put(texts)
    cache.put([['id3', 'new']])
    const found = cache.get(['missing', ...texts.map(([id]) => id)])
    assert.deepEqual(found, new Map(texts).set('id3', 'new'))
    cache.close()
    const other = openBlobCache({ file: file(), version: 'other' })
    assert.equal(other.get(texts.map(([id]) => id)).size, 0)
    other.close()
  })

  it('takes what is damaged or lost of a row for absent', () => {
    const cache = openBlobCache({ file: file(), version: 'v' })
    for (const damage of ["text = 'nonsense'", "text = '{}' || char(10)", "text = ''", 'id = id + 1000']) {
      cache.put([['a', 'text']])
      rows(`UPDATE pack SET ${damage}`)
      assert.equal(cache.get(['a']).size, 0, damage)
      cache.put([['a', 'text']])
      assert.equal(cache.get(['a']).get('a'), 'text', damage)
    }
    cache.close()
  })

  it('loses nothing but what was under way when it is cut off between two writes', () => {
    const cache = openBlobCache({ file: file(), version: 'v' })
    cache.put([['a', '1']])
    const cut = function* (): Generator<[string, string]> {
      yield ['a', '2']
      yield ['b', 'x'.repeat(100_000)]
      throw new Error('cut off')
    }
    assert.throws(() => cache.put(cut()), /cut off/)
    assert.deepEqual(Object.fromEntries(cache.get(['a', 'b'])), { a: '1' })
    assert.equal(rows('SELECT id FROM pack').length, 1)
    cache.close()
  })

  it('throws the tables of an earlier release away', () => {
    mkdirSync(join(folder, 'cache'))
    rows('CREATE TABLE blob (version TEXT, id TEXT, text TEXT)')
    rows('PRAGMA user_version = 2')
    const cache = openBlobCache({ file: file(), version: 'v' })
    assert.deepEqual(rows("SELECT name FROM sqlite_master WHERE name = 'blob'"), [])
    cache.put([['a', '1']])
    assert.equal(cache.get(['a']).get('a'), '1')
    cache.close()
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
