import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, it, mock, type TestContext } from 'node:test'
import { createMemoryBlobCache, type BlobCache } from '../../../../reconciler/desired/cache.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import { createListingKeeper, listCommit, type ListingKeeper } from '../../../../reconciler/source/kept-listing.ts'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import type { Listing, Source } from '../../../../reconciler/source/types.ts'
import { atEnd } from '../../../at-end.ts'
import { Fixture } from './fixture.ts'

let cache: BlobCache

beforeEach(() => {
  cache = createMemoryBlobCache()
})

function keeper(scope = 'root', log = silentLogger): ListingKeeper {
  return createListingKeeper({ cache, scope, mostEntries: 1000, log })
}

async function world(t: TestContext): Promise<{ readonly fixture: Fixture; readonly source: Source; readonly wholeLists: () => number }> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const source = await openSource({ url: fixture.bare, storeDir: join(fixture.dir, 'store'), engine: 'git', caps: { blobBytes: 1000 } })
  atEnd(t, async () => await source.close())
  const list = mock.method(source, 'list')
  return { fixture, source, wholeLists: () => list.mock.callCount() }
}

function plain({ entries, refused }: Listing): unknown {
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1)
  return {
    entries: entries.map(({ path, id }) => ({ path, id })).sort(byPath),
    refused: refused.map(({ path, code }) => ({ path, code })).sort(byPath),
  }
}

it('gives what the whole tree gives after edits, refusals and removals, and reads the tree once only', async (t) => {
  const { fixture, source, wholeLists } = await world(t)
  const first = fixture.commit({ 'a.yaml': 'a', 'b/c.yaml': 'c', 'b/d.yaml': 'd', 'e/f.yaml': 'f', 'big.yaml': 'x'.repeat(2000) })
  await source.fetch()
  assert.deepEqual(plain(await listCommit(source, first, keeper())), plain(await source.list(first)))
  const commits = [
    fixture.commit({ 'a.yaml': 'other', 'new/g.yaml': 'g', 'b/c.yaml': null }),
    fixture.commit({ 'big.yaml': 'small', 'a.yaml': 'x'.repeat(2000) }),
  ]
  rmSync(join(fixture.work, 'b'), { recursive: true })
  symlinkSync('/etc', join(fixture.work, 'b'))
  commits.push(fixture.commit({}))
  rmSync(join(fixture.work, 'b'))
  mkdirSync(join(fixture.work, 'b'))
  commits.push(fixture.commit({ 'b/c.yaml': 'again', 'a.yaml': null }))
  await source.fetch()
  for (const commit of commits) {
    const before = wholeLists()
    const listing = await listCommit(source, commit, keeper())
    assert.equal(wholeLists(), before)
    assert.deepEqual(plain(listing), plain(await source.list(commit)))
  }
})

it('lists the whole tree for another folder, and where the repository lacks the commit that it knows', async (t) => {
  const { fixture, source, wholeLists } = await world(t)
  const commit = fixture.commit({ 'a.yaml': 'a' })
  await source.fetch()
  await listCommit(source, commit, keeper())
  await listCommit(source, commit, keeper('other'))
  assert.equal(wholeLists(), 2)
  keeper().keep({ commit: '0'.repeat(40), entries: [{ path: 'ghost.yaml', id: '1'.repeat(40) }], refused: [] })
  assert.deepEqual(plain(await listCommit(source, commit, keeper())), plain(await source.list(commit)))
})

it('tells of a damaged listing, and makes it anew', async (t) => {
  const { fixture, source } = await world(t)
  const commit = fixture.commit({ 'a.yaml': 'a' })
  await source.fetch()
  const kept: [string, string][] = []
  mock.method(cache, 'put', (entries: Iterable<[string, string]>) => kept.push(...entries))
  await listCommit(source, commit, keeper())
  const [[id, text] = ['', '']] = kept
  mock.restoreAll()
  const log = { ...silentLogger, warn: mock.fn() }
  for (const damaged of [text.replace('a.yaml', 'b.yaml'), text.slice(0, -1), '', '\n{}']) {
    cache.put([[id, damaged]])
    assert.deepEqual(plain(await listCommit(source, commit, keeper('root', log as never))), plain(await source.list(commit)))
    assert.equal(cache.get([id]).get(id), text)
  }
  assert.equal(log.warn.mock.callCount(), 4)
})

it('does not keep that a blob is missing', () => {
  keeper().keep({ commit: 'c', entries: [], refused: [{ path: 'a.yaml', code: 'Missing', message: '' }] })
  assert.equal(keeper().last(), undefined)
})

it('does not go around the bound on files: beyond it the whole tree is asked for, which says so', async (t) => {
  const { fixture } = await world(t)
  const before = fixture.commit({ 'a.yaml': '' })
  const source = await openSource({ url: fixture.bare, storeDir: join(fixture.dir, 'few'), engine: 'git', caps: { entries: 2 } })
  atEnd(t, async () => await source.close())
  await source.fetch()
  const few = createListingKeeper({ cache, scope: 'few', mostEntries: 2, log: silentLogger })
  await listCommit(source, before, few)
  const after = fixture.commit({ 'a.yaml': '', 'b.yaml': '', 'c.yaml': '' })
  await source.fetch()
  await assert.rejects(listCommit(source, after, few), { code: 'TooManyFiles' })
})
