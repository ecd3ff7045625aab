import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGitServer, type GitServerAuth } from '../../../../lab/git-server.ts'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import type { SourceOptions } from '../../../../reconciler/source/options.ts'
import type { Source } from '../../../../reconciler/source/types.ts'
import { atEnd } from '../../../at-end.ts'
import { Fixture } from './fixture.ts'

type Case = { readonly name: string; readonly engine: 'git' | 'isomorphic'; readonly http: boolean }

const cases: readonly Case[] = [
  { name: 'git over HTTP', engine: 'git', http: true },
  { name: 'isomorphic-git over HTTP', engine: 'isomorphic', http: true },
  { name: 'git from a local folder', engine: 'git', http: false },
]

type World = { readonly fixture: Fixture; readonly open: (options?: Partial<SourceOptions>) => Promise<Source>; readonly url: string }

async function world(t: TestContext, one: Case, auth?: GitServerAuth): Promise<World> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const server = one.http ? await startGitServer({ root: fixture.root, ...(auth === undefined ? {} : { auth }) }) : undefined
  if (server !== undefined) atEnd(t, async () => await server.close())
  const url = server === undefined ? fixture.bare : `${server.url}/fleet.git`
  const open = async (options: Partial<SourceOptions> = {}): Promise<Source> => {
    const source = await openSource({ url, storeDir: join(fixture.dir, 'store'), engine: one.engine, ...options })
    atEnd(t, async () => await source.close())
    return source
  }
  return { fixture, open, url }
}

async function texts(source: Source, ids: readonly string[]): Promise<string[]> {
  const out: string[] = []
  for await (const { bytes } of source.read(ids)) out.push(Buffer.from(bytes ?? []).toString())
  return out.sort()
}

for (const one of cases) {
  describe(one.name, () => {
    it('fetches, lists manifests and reads them', async (t) => {
      const { fixture, open } = await world(t, one)
      const commit = fixture.commit({ 'a.yaml': 'a', 'b/c.json': '{}', 'b/d.yml': 'd', 'README.md': 'no' })
      const source = await open()
      const revision = await source.fetch()
      assert.equal(revision.commit, commit)
      assert.equal(revision.subject, 'change a.yaml b/c.json b/d.yml README.md')
      assert.deepEqual(revision.author, { name: 'Author', email: 'author@example.org' })
      assert.equal(revision.rewritten, false)
      const { entries, refused } = await source.list(commit)
      assert.deepEqual(entries.map((entry) => entry.path).sort(), ['a.yaml', 'b/c.json', 'b/d.yml'])
      assert.deepEqual(refused, [])
      assert.deepEqual(
        await texts(
          source,
          entries.map((entry) => entry.id),
        ),
        ['a', 'd', '{}'],
      )
    })

    it('tells the changes of a push and honours the sub-path', async (t) => {
      const { fixture, open } = await world(t, one)
      const first = fixture.commit({ 'env/prod/a.yaml': 'a', 'env/prod/gone.yaml': 'g', 'env/test/x.yaml': 'x' })
      const source = await open({ path: '/env/prod/' })
      await source.fetch()
      const second = fixture.commit({
        'env/prod/a.yaml': 'a2',
        'env/prod/gone.yaml': null,
        'env/prod/new/n.yaml': 'n',
        'env/test/x.yaml': 'x2',
      })
      const revision = await source.fetch()
      assert.equal(revision.commit, second)
      assert.equal(revision.rewritten, false)
      const { changes } = await source.changes(first, second)
      assert.deepEqual(changes.map((change) => `${change.path} ${change.before !== undefined} ${change.after !== undefined}`).sort(), [
        'env/prod/a.yaml true true',
        'env/prod/gone.yaml true false',
        'env/prod/new/n.yaml false true',
      ])
      assert.deepEqual((await source.list(second)).entries.map((entry) => entry.path).sort(), ['env/prod/a.yaml', 'env/prod/new/n.yaml'])
    })

    it('reports a force-push as rewritten and keeps the old commit readable, also after a restart', async (t) => {
      const { fixture, open } = await world(t, one)
      fixture.commit({ 'a.yaml': '1' })
      const source = await open()
      await source.fetch()
      const second = fixture.commit({ 'a.yaml': '2' })
      assert.equal((await source.fetch()).rewritten, false)
      fixture.git('reset', '-q', '--hard', 'HEAD~1')
      const third = fixture.commit({ 'a.yaml': '3' })
      const revision = await source.fetch()
      assert.equal(revision.commit, third)
      assert.equal(revision.rewritten, true)
      await source.close()
      const again = await open()
      assert.equal((await again.fetch()).rewritten, true)
      assert.equal((await again.changes(second, third)).changes.length, 1)
      const fourth = fixture.commit({ 'a.yaml': '4' })
      const after = await again.fetch()
      assert.deepEqual([after.commit, after.rewritten], [fourth, false])
      assert.equal((await again.list(second)).entries.length, 1)
    })

    it('follows branches, tags and commit ids', async (t) => {
      const { fixture, open } = await world(t, one)
      const first = fixture.commit({ 'a.yaml': '1' })
      fixture.git('tag', '-a', '-m', 'v1', 'v1')
      fixture.git('push', '-q', fixture.bare, 'v1')
      const side = fixture.commit({ 'a.yaml': '2' }, 'side/branch')
      fixture.commit({ 'a.yaml': '3' })
      for (const [ref, commit] of [
        ['v1', first],
        ['refs/tags/v1', first],
        ['side/branch', side],
        [first, first],
      ] as const) {
        const source = await open({ ref, storeDir: join(fixture.dir, `store-${ref.replaceAll('/', '-')}`) })
        assert.equal((await source.fetch()).commit, commit, ref)
      }
    })

    it('accepts a branch named __proto__', async (t) => {
      const { fixture, open } = await world(t, one)
      fixture.commit({ 'a.yaml': '0' })
      const commit = fixture.commit({ 'a.yaml': '1' }, '__proto__')
      const source = await open({ ref: '__proto__' })
      assert.equal((await source.fetch()).commit, commit)
      assert.equal(Object.hasOwn(Object.prototype, 'refs') || Object.hasOwn(Object.prototype, 'oid'), false)
    })

    it('says RefNotFound for a deleted branch and EmptyRepository for an empty one', async (t) => {
      const { fixture, open } = await world(t, one)
      const source = await open({ ref: 'gone' })
      await assert.rejects(source.fetch(), { code: 'EmptyRepository' })
      fixture.commit({ 'a.yaml': '1' })
      const commit = fixture.commit({ 'a.yaml': '2' }, 'gone')
      assert.equal((await source.fetch()).commit, commit)
      fixture.git('push', '-q', fixture.bare, ':refs/heads/gone')
      await assert.rejects(source.fetch(), { code: 'RefNotFound' })
    })

    it('says PathNotFound for a missing sub-path, and that nothing is deleted for it', async (t) => {
      const { fixture, open } = await world(t, one)
      const commit = fixture.commit({ 'a.yaml': '1' })
      const source = await open({ path: 'nowhere' })
      await source.fetch()
      await assert.rejects(source.list(commit), { code: 'PathNotFound', action: /stays as it is/ })
    })

    it('refuses symlinks, submodules, unsafe names and large blobs, and lists the rest', async (t) => {
      const { fixture, open } = await world(t, one)
      const good = fixture.input('good', 'hash-object', '-w', '--stdin')
      const target = fixture.input('/etc/passwd', 'hash-object', '-w', '--stdin')
      const large = fixture.input(Buffer.alloc(3000, 0x61), 'hash-object', '-w', '--stdin')
      const inner = fixture.input(`100644 blob ${good}\tok.yaml\n`, 'mktree')
      const lines = [
        `040000 tree ${inner}\t..`,
        `040000 tree ${inner}\t.git`,
        `100644 blob ${good}\tbad\\name.yaml`,
        `100644 blob ${good}\tgood.yaml`,
        `100644 blob ${large}\tlarge.yaml`,
        `120000 blob ${target}\tlink.yaml`,
        `160000 commit ${'1'.repeat(40)}\tmodule`,
        `100644 blob ${good}\tline\nbreak.yaml`,
      ]
      const tree = fixture.input(`${lines.join('\0')}\0`, 'mktree', '-z', '--missing')
      const commit = fixture.commitTree(tree)
      const source = await open({ caps: { blobBytes: 1000 } })
      await source.fetch()
      const { entries, refused } = await source.list(commit)
      assert.deepEqual(
        entries.map((entry) => entry.path),
        ['good.yaml'],
      )
      assert.deepEqual(refused.map((entry) => `${entry.code} ${entry.path}`).sort(), [
        'Submodule module',
        'Symlink link.yaml',
        'TooLarge large.yaml',
        'UnsafeName ..',
        'UnsafeName .git',
        'UnsafeName bad\\name.yaml',
        'UnsafeName line?break.yaml',
      ])
    })

    it('reports a file that becomes a symlink, and clears it when that is gone', async (t) => {
      const { fixture, open } = await world(t, one)
      const first = fixture.commit({ 'a.yaml': 'a', 'b.yaml': 'b' })
      const source = await open()
      await source.fetch()
      const blob = fixture.git('rev-parse', 'HEAD:b.yaml')
      const second = fixture.commitTree(fixture.input(`120000 blob ${blob}\ta.yaml\n100644 blob ${blob}\tb.yaml\n`, 'mktree'))
      await source.fetch()
      const turned = await source.changes(first, second)
      assert.deepEqual(
        turned.refused.map((entry) => entry.path),
        ['a.yaml'],
      )
      const third = fixture.commitTree(fixture.input(`100644 blob ${blob}\tb.yaml\n`, 'mktree'))
      await source.fetch()
      assert.deepEqual(await source.changes(second, third), { changes: [{ path: 'a.yaml' }], refused: [] })
    })

    it('gives no partial listing when there are too many files', async (t) => {
      const { fixture, open } = await world(t, one)
      const commit = fixture.commit({ 'a.yaml': 'a', 'b.yaml': 'b', 'c.yaml': 'c' })
      const source = await open({ caps: { entries: 2 } })
      await source.fetch()
      await assert.rejects(source.list(commit), { code: 'TooManyFiles' })
    })

    it('refuses paths that are too deep', async (t) => {
      const { fixture, open } = await world(t, one)
      const commit = fixture.commit({ 'a/b/c/d.yaml': 'a', 'a/b.yaml': 'b' })
      const source = await open({ caps: { depth: 2 } })
      await source.fetch()
      const { entries, refused } = await source.list(commit)
      assert.deepEqual(
        [entries.map((entry) => entry.path), refused.map((entry) => [entry.path, entry.code])],
        [['a/b.yaml'], [['a/b/c', 'TooDeep']]],
      )
    })

    if (one.http) {
      it('reads with a token from the environment or a file, and explains a wrong one without showing it', async (t) => {
        const { fixture, open, url } = await world(t, one, { token: 'right-token' })
        const commit = fixture.commit({ 'a.yaml': 'a' })
        process.env['GV_TEST_TOKEN'] = 'right-token'
        atEnd(t, () => delete process.env['GV_TEST_TOKEN'])
        const source = await open({ auth: { kind: 'token', token: { env: 'GV_TEST_TOKEN' } } })
        assert.equal((await source.fetch()).commit, commit)
        process.env['GV_TEST_TOKEN'] = 'wrong-token'
        await assert.rejects(source.fetch(), (error: Error & { code: string; action: string }) => {
          assert.equal(error.code, 'AuthenticationFailed')
          assert.match(error.action, /token or password/)
          assert.doesNotMatch(error.message, /wrong-token|d3Jvbmc/)
          return true
        })
        await source.close()
        const none = await open()
        await assert.rejects(none.fetch(), { code: 'AuthenticationFailed' })
        await none.close()
        const inline = await open({ url: url.replace('//', '//me:right-token@') })
        assert.equal((await inline.fetch()).commit, commit)
        const grep = spawnSync('grep', ['-r', 'right-token', join(fixture.dir, 'store')])
        assert.equal(grep.status, 1, 'the token stands in the store')
      })

      it('says RepositoryNotFound for a wrong address', async (t) => {
        const { open, url } = await world(t, one)
        const source = await open({ url: url.replace('fleet', 'other') })
        await assert.rejects(source.fetch(), { code: 'RepositoryNotFound' })
      })

      it('stops a fetch that is larger than the cap', async (t) => {
        const { fixture, open } = await world(t, one)
        const noise = Array.from({ length: 20_000 }, () => Math.random().toString(36)).join('')
        fixture.commit({ 'a.yaml': noise })
        const source = await open({ caps: { fetchBytes: 50_000 } })
        await assert.rejects(source.fetch(), { code: 'FetchTooLarge' })
      })
    }
  })
}

it('refuses a blob of 100 MB without reading it', async (t) => {
  const { fixture, open } = await world(t, { name: '', engine: 'git', http: false })
  const blob = fixture.input(Buffer.alloc(100_000_000), '-c', 'core.compression=1', 'hash-object', '-w', '--stdin')
  const commit = fixture.commitTree(fixture.input(`100644 blob ${blob}\tbig.yaml\n`, 'mktree'))
  const source = await open()
  await source.fetch()
  const { arrayBuffers } = process.memoryUsage()
  const { entries, refused } = await source.list(commit)
  assert.deepEqual([entries.length, refused[0]?.code], [0, 'TooLarge'])
  assert.deepEqual(await Array.fromAsync(source.read([blob])), [{ id: blob, size: 100_000_000 }])
  assert.ok(process.memoryUsage().arrayBuffers - arrayBuffers < 50_000_000)
})

it('does not run a remote helper, a hook or a configured command', async (t) => {
  const { fixture } = await world(t, { name: '', engine: 'git', http: false })
  const proof = join(fixture.dir, 'proof')
  const storeDir = join(fixture.dir, 'store')
  for (const url of [`ext::sh -c touch% ${proof}`, `--upload-pack=touch ${proof}`, 'ssh://-oProxyCommand=x/y', 'git://x/y', 'fd::3']) {
    await assert.rejects(openSource({ url, storeDir }), { code: 'InvalidUrl' }, url)
  }
  assert.equal(existsSync(proof), false)
})

it('refuses a store that another holds, and clears what a killed one left', async (t) => {
  const { fixture, open } = await world(t, { name: '', engine: 'git', http: false })
  fixture.commit({ 'a.yaml': 'a' })
  const source = await open()
  await source.fetch()
  await assert.rejects(open(), { code: 'StoreBusy' })
  await source.close()
  const store = join(fixture.dir, 'store')
  for (const left of ['shallow.lock', 'objects/pack/tmp_pack_x']) writeFileSync(join(store, left), '')
  const again = await open()
  assert.equal((await again.fetch()).subject, 'change a.yaml')
  const leftovers = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.lock') || name.includes('tmp_pack'),
  )
  assert.deepEqual(leftovers, [])
  await again.close()
})
