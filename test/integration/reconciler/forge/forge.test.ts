import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openForge } from '../../../../reconciler/forge/open-forge.ts'
import type { Forge, ForgeKind } from '../../../../reconciler/forge/types.ts'
import { forgeToken, repository, startForgeServer, type ForgeServer } from '../../../fakes/forge-server.ts'

type World = { readonly forge: Forge; readonly server: ForgeServer; readonly tokenFile: string }

async function openWorld(t: TestContext, kind: ForgeKind): Promise<World> {
  const server = await startForgeServer(kind)
  t.after(async () => await server.close())
  const folder = await mkdtemp(join(tmpdir(), 'gv-forge-'))
  t.after(async () => await rm(folder, { recursive: true }))
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, `${forgeToken}\n`)
  return { forge: openForge({ kind, api: server.api, repository, tokenFile }), server, tokenFile }
}

const commit = 'a'.repeat(40)
const marker = '<!-- gitvirt/plan/prod -->'
const self = 7

function addComment({ world }: ForgeServer, author: number, body: string): void {
  world.comments.push({ id: world.comments.length + 1, request: 4, body: `${marker}\n${body}`, author })
}

/** Author and words of each comment, without the marker. */
function told({ world }: ForgeServer): readonly (readonly [number, string])[] {
  return world.comments.map(({ author, body }) => [author, body.replace(`${marker}\n`, '')] as const)
}

for (const kind of ['github', 'gitea', 'gitlab'] as const) {
  describe(kind, () => {
    it('lists the requests against one branch, over many pages', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      for (let number = 1; number <= 120; number += 1)
        server.world.requests.push({ number, head: commit, title: `Request ${number}`, base: number % 2 === 0 ? 'main' : 'other' })
      const found = await forge.requests('main')
      assert.equal(found.length, 60)
      assert.deepEqual(found[0], { number: 2, head: commit, title: 'Request 2' })
    })

    it('keeps one comment, and writes it again only where it says something else', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      server.world.comments.push({ id: 1, request: 4, body: `${marker}\nby somebody else`, author: 99 })
      await forge.comment(4, { marker, body: 'first' })
      await forge.comment(4, { marker, body: 'second' })
      const { calls } = server.world
      await forge.comment(4, { marker, body: 'second' })
      assert.equal(server.world.calls, calls + 1, 'only looked')
      assert.deepEqual(
        server.world.comments.map(({ body, author }) => [body, author]),
        [
          [`${marker}\nby somebody else`, 99],
          [`${marker}\nsecond`, 7],
        ],
      )
    })

    it('leaves a comment of another alone also where the token may not ask who it is', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      server.world.tellsSelf = false
      server.world.comments.push({ id: 1, request: 4, body: `${marker}\nby somebody else`, author: 99 })
      await forge.comment(4, { marker, body: 'ours' })
      assert.equal(server.world.comments[0]?.body, `${marker}\nby somebody else`)
      assert.equal(server.world.comments[1]?.body, `${marker}\nours`)
    })

    it('asks again who it is after that failed once', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      addComment(server, 99, 'by somebody else')
      server.world.selfFailure = 502
      await assert.rejects(forge.comment(4, { marker, body: 'first' }), { code: 'ForgeFailed' })
      server.world.selfFailure = 0
      await forge.comment(4, { marker, body: 'second' })
      assert.deepEqual(told(server), [
        [99, 'by somebody else'],
        [self, 'second'],
      ])
    })

    it('keeps to the one comment it made where the token may not ask who it is, whatever others write', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      server.world.tellsSelf = false
      addComment(server, 99, 'before')
      await forge.comment(4, { marker, body: 'first' })
      addComment(server, 98, 'after')
      for (const body of ['second', 'third']) await forge.comment(4, { marker, body })
      assert.deepEqual(told(server), [
        [99, 'before'],
        [self, 'third'],
        [98, 'after'],
      ])
      const { calls } = server.world
      await forge.comment(4, { marker, body: 'third' })
      assert.equal(server.world.calls, calls + 2, 'only asked and looked')
    })

    it('finds its comment again after a restart behind copies and many comments of another', async (t) => {
      const { forge, server, tokenFile } = await openWorld(t, kind)
      server.world.tellsSelf = false
      await forge.comment(4, { marker, body: 'first' })
      for (let round = 0; round < 20; round += 1) addComment(server, 99, 'second')
      const again = openForge({ kind, api: server.api, repository, tokenFile })
      for (const body of ['second', 'third']) await again.comment(4, { marker, body })
      const comments = told(server)
      assert.deepEqual(comments[0], [self, 'third'])
      assert.equal(comments.filter(([author]) => author === self).length, 1)
      assert.ok(comments.slice(1).every(([, body]) => body === 'second'))
    })

    it('makes its comment anew where a person deleted it', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      server.world.tellsSelf = false
      addComment(server, 99, 'another')
      await forge.comment(4, { marker, body: 'first' })
      server.world.comments.pop()
      await forge.comment(4, { marker, body: 'second' })
      assert.deepEqual(told(server), [
        [99, 'another'],
        [self, 'second'],
      ])
    })

    it('tries a few authors at most, and makes no comment where the forge fails', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      server.world.tellsSelf = false
      for (let author = 100; author < 150; author += 1) addComment(server, author, 'by a stranger')
      const { calls } = server.world
      await forge.comment(4, { marker, body: 'first' })
      assert.ok(server.world.calls - calls <= 9, `${server.world.calls - calls} calls`)
      server.world.failure = 502
      await assert.rejects(forge.comment(4, { marker, body: 'second' }), { code: 'ForgeFailed' })
      server.world.failure = 0
      await forge.comment(4, { marker, body: 'third' })
      assert.deepEqual(
        told(server).filter(([author]) => author === self),
        [[self, 'third']],
      )
    })

    it('sets a status in its words, twice alike too, however long they are', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      const status = { context: 'gitvirt/plan/prod', state: 'failure', description: 'x'.repeat(500) } as const
      await forge.status(commit, status)
      await forge.status(commit, status)
      assert.deepEqual(server.world.statuses[0], {
        commit,
        context: 'gitvirt/plan/prod',
        state: kind === 'gitlab' ? 'failed' : 'failure',
        description: 'x'.repeat(140),
      })
    })

    it('tells a refused token, a limit and a failure apart, with the words of the forge and never the token', async (t) => {
      const { forge, server, tokenFile } = await openWorld(t, kind)
      for (const [status, code] of [
        [403, 'ForgeRefused'],
        [429, 'ForgeBusy'],
        [502, 'ForgeFailed'],
      ] as const) {
        server.world.failure = status
        await assert.rejects(forge.requests('main'), { code, message: /as the test wants it/ })
      }
      server.world.failure = 0
      await writeFile(tokenFile, 'another-token')
      await assert.rejects(forge.requests('main'), (error: Error) => !error.message.includes('another-token') && /401/.test(error.message))
      await server.close()
      await assert.rejects(forge.requests('main'), { code: 'ForgeFailed', message: /ECONNREFUSED/ })
    })
  })
}
