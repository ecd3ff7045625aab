import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGitServer } from '../../../../lab/git-server.ts'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import type { SourceOptions } from '../../../../reconciler/source/options.ts'
import type { MergeResult, Source } from '../../../../reconciler/source/types.ts'
import { atEnd } from '../../../at-end.ts'
import { Fixture } from './fixture.ts'

type World = { readonly fixture: Fixture; readonly source: Source; readonly storeDir: string; readonly holdNext: () => Held }

async function world(t: TestContext, options: Pick<SourceOptions, 'path' | 'caps' | 'wholeHistory'> = {}): Promise<World> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const server = await startGitServer({ root: fixture.root })
  atEnd(t, async () => await server.close())
  const gate = await startGate(t, server.url)
  const storeDir = join(fixture.dir, 'store')
  const source = await openSource({ url: `${gate.url}/fleet.git`, storeDir, ...options })
  atEnd(t, async () => await source.close())
  return { fixture, source, storeDir, holdNext: gate.holdNext }
}

/** A request that came, and waits until it is let go. */
type Held = { readonly came: Promise<unknown>; readonly release: () => void }

/** A proxy before the Git server that can keep one request waiting. */
async function startGate(t: TestContext, target: string): Promise<{ readonly url: string; readonly holdNext: () => Held }> {
  let hold: { readonly came: () => void; readonly released: Promise<undefined> } | undefined
  const pass = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const mine = hold
    hold = undefined
    mine?.came()
    await mine?.released
    const { method = 'GET', headers, url = '' } = incoming
    const outgoing = request(new URL(url, target), { method, headers, agent: false }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers)
      got.pipe(answer)
    })
    outgoing.on('error', () => answer.destroy())
    incoming.pipe(outgoing)
  }
  const server = createServer((incoming, answer) => void pass(incoming, answer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(t, () => (server.closeAllConnections(), server.close()))
  const holdNext = (): Held => {
    const came = Promise.withResolvers<undefined>()
    const released = Promise.withResolvers<undefined>()
    hold = { came: () => came.resolve(undefined), released: released.promise }
    return { came: came.promise, release: () => released.resolve(undefined) }
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, holdNext }
}

/** A merge of which only what it was told is looked at. */
async function merge(source: Source, ref: string, into: string): Promise<MergeResult> {
  return await source.merge({ ref, into }, async (merged) => merged)
}

/** Every file of the store with its bytes. */
function picture(storeDir: string): Record<string, string> {
  const files = readdirSync(storeDir, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(storeDir, name)).isFile())
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(storeDir, name)).toString('base64')]))
}

async function contents(merged: MergeResult): Promise<Record<string, string>> {
  const { entries } = await merged.list()
  const texts = new Map<string, string>()
  for await (const { id, bytes } of merged.read(entries.map((entry) => entry.id))) texts.set(id, Buffer.from(bytes ?? []).toString())
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
    const files = await source.merge({ ref: 'more', into }, async (merged) => {
      assert.deepEqual({ head: merged.head, base: merged.base, conflicts: merged.conflicts }, { head, base, conflicts: [] })
      assert.equal(merged.subject, 'change b.yaml c.yaml')
      return await contents(merged)
    })
    assert.deepEqual(files, { 'a.yaml': 'a2', 'b.yaml': 'b2', 'c.yaml': 'c' })
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
      assert.equal((await merge(source, word, into)).head, head)
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
    assert.deepEqual((await merge(source, 'more', into)).conflicts, ['a.yaml'])
  })

  it('lists the environment only', async (t) => {
    const { fixture, source } = await world(t, { path: 'prod' })
    const into = fixture.commit({ 'prod/a.yaml': 'a', 'test/a.yaml': 't' })
    fixture.git('checkout', '-q', '-b', 'more')
    fixture.commit({ 'prod/b.yaml': 'b', 'test/b.yaml': 'b' }, 'more')
    await source.fetch()
    const files = await source.merge({ ref: 'more', into }, contents)
    assert.deepEqual(Object.keys(files).sort(), ['prod/a.yaml', 'prod/b.yaml'])
  })

  it('is refused without a common commit, for a branch that is not there, and for names that are none', async (t) => {
    const { fixture, source } = await world(t)
    const into = fixture.commit({ 'a.yaml': 'a' })
    fixture.git('checkout', '-q', '--orphan', 'other')
    fixture.commit({ 'b.yaml': 'b' }, 'other')
    await source.fetch()
    await assert.rejects(merge(source, 'other', into), { code: 'NoCommonHistory' })
    await assert.rejects(merge(source, 'nowhere', into), { code: 'RefNotFound' })
    await assert.rejects(merge(source, '--upload-pack=touch', into), { code: 'InvalidRef' })
    await assert.rejects(merge(source, '#12', into), { code: 'RefNotFound' })
  })

  it('goes on beside fetches', async (t) => {
    const { fixture, source } = await world(t)
    const into = fixture.commit({ 'a.yaml': 'a' })
    fixture.git('checkout', '-q', '-b', 'more')
    fixture.commit({ 'b.yaml': 'b' }, 'more')
    await source.fetch()
    const all = await Promise.all([merge(source, 'more', into), source.fetch(), merge(source, 'more', into), source.fetch()])
    assert.equal(all.length, 4)
  })
})

/** A tracked branch whose store begins without history, and a request of an older base. */
function pushRequest(fixture: Fixture, files: Record<string, string>): { readonly into: string; readonly head: string } {
  fixture.commit({ 'a.yaml': 'a' })
  fixture.git('checkout', '-q', '-b', 'more')
  const head = fixture.commit(files, 'more')
  fixture.git('push', '-q', fixture.bare, 'HEAD:refs/pull/7/head')
  fixture.git('checkout', '-q', 'main')
  const into = fixture.commit({ 'a.yaml': 'a2' })
  return { into, head }
}

describe('the store of the tracked branch', () => {
  for (const wholeHistory of [false, true]) {
    it(`stays as it is, byte for byte, through merges (${wholeHistory ? 'whole history' : 'shallow'})`, async (t) => {
      const { fixture, source, storeDir } = await world(t, { wholeHistory })
      const { into, head } = pushRequest(fixture, { 'b.yaml': randomBytes(2 ** 16).toString('hex') })
      await source.fetch()
      const before = picture(storeDir)
      assert.equal(Object.hasOwn(before, 'shallow'), !wholeHistory)
      for (const ref of ['#7', 'more', head]) {
        const files = await source.merge({ ref, into }, async (merged) => {
          assert.deepEqual(picture(storeDir), before, 'while it is used')
          return Object.keys(await contents(merged))
        })
        assert.deepEqual(files.sort(), ['a.yaml', 'b.yaml'])
        assert.deepEqual(readdirSync(fixture.dir).sort(), ['served', 'store', 'work'], 'nothing stays beside it')
      }
      assert.deepEqual(picture(storeDir), before)
    })
  }

  it('gets the head of a request with the fetch that brings its merge', async (t) => {
    const { fixture, source } = await world(t)
    const { into, head } = pushRequest(fixture, { 'b.yaml': 'b' })
    await source.fetch()
    await merge(source, '#7', into)
    assert.equal(await source.isAncestor(head, into), false)
    fixture.git('merge', '-q', '--no-ff', '-m', 'merge', 'more')
    fixture.push()
    const { commit, rewritten } = await source.fetch()
    assert.equal(await source.isAncestor(head, commit), true)
    assert.equal(rewritten, false)
  })

  it('is fetched while a merge waits for the remote, and while a merge is used', async (t) => {
    const { fixture, source, holdNext } = await world(t)
    const { into } = pushRequest(fixture, { 'b.yaml': 'b' })
    await source.fetch()
    const held = holdNext()
    const slow = source.merge({ ref: '#7', into }, async () => (await source.fetch()).commit)
    await held.came
    const next = fixture.commit({ 'a.yaml': 'a3' })
    assert.equal((await source.fetch()).commit, next, 'before the remote answered the merge')
    held.release()
    assert.equal(await slow, next)
  })
})

describe('the store of a merge', () => {
  it('is gone after each failure, also of who used it', async (t) => {
    const { fixture, source, storeDir } = await world(t)
    const { into } = pushRequest(fixture, { 'b.yaml': 'b' })
    await source.fetch()
    for (const ref of ['nowhere', '#12', 'f'.repeat(40)]) {
      await assert.rejects(merge(source, ref, into), { code: 'RefNotFound' })
      assert.equal(existsSync(`${storeDir}-request`), false, ref)
    }
    const failing = source.merge({ ref: '#7', into }, async () => {
      assert.equal(existsSync(`${storeDir}-request`), true)
      throw new Error('as the test wants it')
    })
    await assert.rejects(failing, /as the test wants it/)
    assert.equal(existsSync(`${storeDir}-request`), false)
  })

  it('is cleared at start, where a killed process left it', async (t) => {
    const { fixture, source, storeDir } = await world(t)
    const { into } = pushRequest(fixture, { 'b.yaml': 'b' })
    await source.fetch()
    await source.close()
    const leave = (): void => {
      mkdirSync(`${storeDir}-request/objects/pack`, { recursive: true })
      writeFileSync(`${storeDir}-request/objects/pack/tmp_pack_1`, 'half')
    }
    leave()
    const again = await openSource({ url: fixture.bare, storeDir })
    atEnd(t, async () => await again.close())
    assert.equal(existsSync(`${storeDir}-request`), false)
    leave()
    assert.deepEqual((await merge(again, '#7', into)).conflicts, [])
    assert.equal(existsSync(`${storeDir}-request`), false)
  })

  it('has a cap of its own, which the tracked branch does not share', async (t) => {
    const { fixture, source, storeDir } = await world(t, { caps: { requestBytes: 2 ** 17 } })
    const { into } = pushRequest(fixture, { 'b.yaml': 'b' })
    await source.fetch()
    fixture.git('checkout', '-q', 'more')
    fixture.commit({ 'large.bin': randomBytes(2 ** 19).toString('hex') }, 'more')
    const before = picture(storeDir)
    await assert.rejects(merge(source, 'more', into), { code: 'FetchTooLarge' })
    assert.equal(existsSync(`${storeDir}-request`), false)
    assert.deepEqual(picture(storeDir), before)
    assert.deepEqual((await merge(source, '#7', into)).conflicts, [], 'others are merged as before')
    fixture.push('main')
    assert.equal((await source.fetch()).commit, fixture.head())
  })

  it('counts all fetches of a request against its cap', async (t) => {
    const { fixture, source } = await world(t, { caps: { requestBytes: 2 ** 18 } })
    fixture.commit({ 'a.yaml': 'a' })
    fixture.git('checkout', '-q', '-b', 'more')
    // Beyond what is fetched first, so that the second half comes with the deepening.
    fixture.commit({ 'old.bin': randomBytes(2 ** 17).toString('hex') }, 'more')
    fixture.commit({ 'old.bin': null }, 'more')
    for (let round = 0; round < 60; round += 1) fixture.git('commit', '-q', '--allow-empty', '-m', `round ${round}`)
    fixture.commit({ 'new.bin': randomBytes(2 ** 17).toString('hex') }, 'more')
    fixture.git('checkout', '-q', 'main')
    const into = fixture.commit({ 'a.yaml': 'a2' })
    await source.fetch()
    // Each pack alone is below the cap, hex packs to about half.
    await assert.rejects(merge(source, 'more', into), { code: 'FetchTooLarge' })
  })

  it('is given up when the source is closed', async (t) => {
    const { fixture, source, storeDir, holdNext } = await world(t)
    const { into } = pushRequest(fixture, { 'b.yaml': 'b' })
    await source.fetch()
    const held = holdNext()
    const slow = assert.rejects(merge(source, '#7', into), { code: 'FetchFailed' })
    const waiting = assert.rejects(merge(source, '#7', into), { code: 'Abandoned' })
    await held.came
    const closed = source.close()
    held.release()
    await Promise.all([slow, waiting, closed])
    assert.equal(existsSync(`${storeDir}-request`), false)
  })
})
