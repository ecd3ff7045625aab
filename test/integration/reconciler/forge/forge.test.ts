import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openForge } from '../../../../reconciler/forge/open-forge.ts'
import type { Forge, ForgeKind } from '../../../../reconciler/forge/types.ts'
import { atEnd } from '../../../at-end.ts'
import { forgeContract, type ForgeSubject } from '../../../contract/forge.ts'
import { forgeToken, repository, startForgeServer, type ForgeServer } from '../../../fakes/forge-server.ts'

type World = { readonly forge: Forge; readonly server: ForgeServer; readonly tokenFile: string }

async function openWorld(t: TestContext, kind: ForgeKind): Promise<World> {
  const server = await startForgeServer(kind)
  atEnd(t, async () => await server.close())
  const folder = await mkdtemp(join(tmpdir(), 'gv-forge-'))
  atEnd(t, async () => await rm(folder, { recursive: true }))
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, `${forgeToken}\n`)
  return { forge: openForge({ kind, api: server.api, repository, tokenFile }), server, tokenFile }
}

const head = 'a'.repeat(40)
const marker = '<!-- gitvirt/plan/prod -->'
const self = 7
const people = ['stranger', 'neighbour'] as const
const ids = new Map<string, number>([
  ['gitvirt', self],
  [people[0], 99],
  [people[1], 98],
])
const nameOf = (id: number): string => [...ids].find(([, one]) => one === id)?.[0] ?? ''

/** The contract server with its repository, and people who write there. */
async function openSubject(t: TestContext, kind: ForgeKind): Promise<ForgeSubject> {
  const { server, tokenFile } = await openWorld(t, kind)
  const { world } = server
  const indexOf = (request: number, { author, body }: { readonly author: string; readonly body: string }): number =>
    world.comments.findIndex((one) => one.request === request && nameOf(one.author) === author && one.body === body)
  return {
    client: ({ nameless } = { nameless: false }) => {
      world.tellsSelf = !nameless
      return openForge({ kind, api: server.api, repository, tokenFile })
    },
    self: 'gitvirt',
    head,
    failure: kind === 'gitlab' ? 'failed' : 'failure',
    open: async (base, titles) =>
      titles.map((title) => {
        const number = world.requests.length + 1
        world.requests.push({ number, head, title, base })
        return number
      }),
    comment: async (author, request, body) => {
      const id = Math.max(0, ...world.comments.map((one) => one.id)) + 1
      world.comments.push({ id, request, body, author: ids.get(author) ?? 0 })
    },
    comments: async (request) =>
      world.comments.filter((one) => one.request === request).map(({ author, body }) => ({ author: nameOf(author), body })),
    remove: async (request, comment) => void world.comments.splice(indexOf(request, comment), 1),
    statuses: async (commit) =>
      world.statuses.filter((one) => one.commit === commit).map(({ context, state, description }) => ({ context, state, description })),
    calls: () => world.calls,
  }
}

for (const kind of ['github', 'gitea', 'gitlab'] as const) {
  forgeContract(kind, { create: async (t) => await openSubject(t, kind), people })

  describe(`${kind} that fails`, () => {
    it('is asked again who we are after that failed once', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      server.world.comments.push({ id: 1, request: 4, body: `${marker}\nby somebody else`, author: 99 })
      server.world.selfFailure = 502
      await assert.rejects(forge.comment(4, { marker, body: 'first' }), { code: 'ForgeFailed' })
      server.world.selfFailure = 0
      await forge.comment(4, { marker, body: 'second' })
      assert.deepEqual(
        server.world.comments.map(({ author, body }) => [author, body]),
        [
          [99, `${marker}\nby somebody else`],
          [self, `${marker}\nsecond`],
        ],
      )
    })

    it('gets no second comment once it is well again', async (t) => {
      const { forge, server } = await openWorld(t, kind)
      server.world.tellsSelf = false
      await forge.comment(4, { marker, body: 'first' })
      server.world.failure = 502
      await assert.rejects(forge.comment(4, { marker, body: 'second' }), { code: 'ForgeFailed' })
      server.world.failure = 0
      await forge.comment(4, { marker, body: 'third' })
      assert.deepEqual(
        server.world.comments.map(({ author, body }) => [author, body]),
        [[self, `${marker}\nthird`]],
      )
    })

    it('has its refusal of a token, a limit and a failure told apart, in its own words and never with the token', async (t) => {
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
