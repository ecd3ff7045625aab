import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGitServer } from '../../../../lab/git-server.ts'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import type { Source } from '../../../../reconciler/source/types.ts'
import { Fixture } from './fixture.ts'

async function world(t: TestContext, path?: string): Promise<{ readonly fixture: Fixture; readonly source: Source }> {
  const fixture = new Fixture()
  t.after(() => fixture.close())
  const server = await startGitServer({ root: fixture.root })
  t.after(async () => await server.close())
  // The source opens only after the first commits, as in life: the store then starts shallow.
  const source = await openSource({
    url: `${server.url}/fleet.git`,
    storeDir: join(fixture.dir, 'store'),
    ...(path === undefined ? {} : { path }),
  })
  t.after(async () => await source.close())
  return { fixture, source }
}

async function contents(source: Source, tree: string): Promise<Record<string, string>> {
  const { entries } = await source.listTree(tree)
  const texts = new Map<string, string>()
  for await (const { id, bytes } of source.read(entries.map((entry) => entry.id))) texts.set(id, Buffer.from(bytes).toString())
  return Object.fromEntries(entries.map(({ path, id }) => [path, texts.get(id) ?? '']))
}

describe('a merge in the store', () => {
  it('has both sides, although the store began without history', async (t) => {
    const { fixture, source } = await world(t)
    const base = fixture.commit({ 'a.yaml': 'a', 'b.yaml': 'b' })
    fixture.git('checkout', '-q', '-b', 'more')
    const head = fixture.commit({ 'b.yaml': 'b2', 'c.yaml': 'c' }, 'more')
    fixture.git('checkout', '-q', 'main')
    for (let round = 0; round < 60; round += 1) fixture.git('commit', '-q', '--allow-empty', '-m', `round ${round}`)
    const into = fixture.commit({ 'a.yaml': 'a2' })
    assert.equal((await source.fetch()).commit, into)
    const merged = await source.merge('more', into)
    assert.deepEqual({ head: merged.head, base: merged.base, conflicts: merged.conflicts }, { head, base, conflicts: [] })
    assert.equal(merged.subject, 'change b.yaml c.yaml')
    assert.deepEqual(await contents(source, merged.tree), { 'a.yaml': 'a2', 'b.yaml': 'b2', 'c.yaml': 'c' })
    assert.deepEqual(await source.fetch().then(({ commit, rewritten }) => ({ commit, rewritten })), { commit: into, rewritten: false })
  })

  for (const [forge, ref, word] of [
    ['GitHub', 'refs/pull/7/head', '#7'],
    ['GitLab', 'refs/merge-requests/7/head', '!7'],
  ] as const) {
    it(`finds a request of ${forge} by its number`, async (t) => {
      const { fixture, source } = await world(t)
      const into = fixture.commit({ 'a.yaml': 'a' })
      fixture.git('checkout', '-q', '-b', 'more')
      const head = fixture.commit({ 'b.yaml': 'b' }, 'more')
      fixture.git('push', '-q', fixture.bare, `HEAD:${ref}`)
      await source.fetch()
      assert.equal((await source.merge(word, into)).head, head)
    })
  }

  it('names the files that contradict each other', async (t) => {
    const { fixture, source } = await world(t)
    fixture.commit({ 'a.yaml': 'a', 'b.yaml': 'b' })
    fixture.git('checkout', '-q', '-b', 'more')
    fixture.commit({ 'a.yaml': 'theirs', 'b.yaml': 'fine' }, 'more')
    fixture.git('checkout', '-q', 'main')
    const into = fixture.commit({ 'a.yaml': 'ours' })
    await source.fetch()
    assert.deepEqual((await source.merge('more', into)).conflicts, ['a.yaml'])
  })

  it('lists the environment only', async (t) => {
    const { fixture, source } = await world(t, 'prod')
    const into = fixture.commit({ 'prod/a.yaml': 'a', 'test/a.yaml': 't' })
    fixture.git('checkout', '-q', '-b', 'more')
    fixture.commit({ 'prod/b.yaml': 'b', 'test/b.yaml': 'b' }, 'more')
    await source.fetch()
    assert.deepEqual(Object.keys(await contents(source, (await source.merge('more', into)).tree)).sort(), ['prod/a.yaml', 'prod/b.yaml'])
  })

  it('is refused without a common commit, for a branch that is not there, and for names that are none', async (t) => {
    const { fixture, source } = await world(t)
    const into = fixture.commit({ 'a.yaml': 'a' })
    fixture.git('checkout', '-q', '--orphan', 'other')
    fixture.commit({ 'b.yaml': 'b' }, 'other')
    await source.fetch()
    await assert.rejects(source.merge('other', into), { code: 'NoCommonHistory' })
    await assert.rejects(source.merge('nowhere', into), { code: 'RefNotFound' })
    await assert.rejects(source.merge('--upload-pack=touch', into), { code: 'InvalidRef' })
    await assert.rejects(source.merge('#12', into), { code: 'RefNotFound' })
  })

  it('goes on beside fetches', async (t) => {
    const { fixture, source } = await world(t)
    const into = fixture.commit({ 'a.yaml': 'a' })
    fixture.git('checkout', '-q', '-b', 'more')
    fixture.commit({ 'b.yaml': 'b' }, 'more')
    await source.fetch()
    const all = await Promise.all([source.merge('more', into), source.fetch(), source.merge('more', into), source.fetch()])
    assert.equal(all.length, 4)
  })
})
