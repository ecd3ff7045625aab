import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Gitea } from '../../../lab/gitea.ts'
import type { Person } from '../../../lab/gitea-api.ts'
import { until } from '../../../lab/wait.ts'
import { openForge } from '../../../reconciler/forge/open-forge.ts'
import { atEnd } from '../../at-end.ts'
import type { ForgeSubject } from '../../contract/forge.ts'
import { Fixture } from '../../integration/reconciler/source/fixture.ts'
import { startCountingProxy } from './counting-proxy.ts'

/** Rights of the token that docs/operator.md asks for. */
export const scopes = ['write:issue', 'write:repository']
const owner = 'infra'

export type People = {
  /** Who the clients are. */
  readonly bot: Person
  readonly botToken: string
  /** The same user's, which may ask who it is. */
  readonly namedToken: string
  readonly author: Person
  readonly authorToken: string
  /** By name: who has no rights but to read and to comment. */
  readonly others: ReadonlyMap<string, string>
}

/** An organization, a user for gitvirt, one who writes, and some who only comment. */
export async function settle(gitea: Gitea, others: readonly string[]): Promise<People> {
  await gitea.call('POST', '/orgs', { body: { username: owner } })
  const [bot, author] = [await gitea.person('gitvirt'), await gitea.person('author')]
  const tokens: [string, string][] = []
  for (const name of others) tokens.push([name, await gitea.tokenOf(await gitea.person(name), scopes)])
  return {
    bot,
    botToken: await gitea.tokenOf(bot, scopes),
    namedToken: await gitea.tokenOf(bot, [...scopes, 'read:user']),
    author,
    authorToken: await gitea.tokenOf(author, scopes),
    others: new Map(tokens),
  }
}

/** An empty repository that bot and author may write to; resolves with its owner/name. */
export async function makeRepository(gitea: Gitea, { bot, author }: People, options: { name: string; private: boolean }): Promise<string> {
  await gitea.call('POST', `/orgs/${owner}/repos`, { body: { ...options, default_branch: 'main' } })
  const repository = `${owner}/${options.name}`
  for (const { name } of [bot, author])
    await gitea.call('PUT', `/repos/${repository}/collaborators/${name}`, { body: { permission: 'write' } })
  return repository
}

/** Where git pushes as the owner of a token. */
export function pushUrl(gitea: Gitea, repository: string, token: string): string {
  return `${gitea.url.replace('//', `//token:${token}@`)}/${repository}.git`
}

type NewRequest = {
  readonly repository: string
  readonly base: string
  readonly head: string
  readonly title: string
  readonly token: string
}

/** Opens a request for a branch that was pushed a moment ago: Gitea takes note of branches beside, and says "not found" until it has. */
export async function openRequest(gitea: Gitea, { repository, token, ...body }: NewRequest): Promise<number> {
  const open = async (): Promise<{ number: number }> => await gitea.call('POST', `/repos/${repository}/pulls`, { body, token })
  return (await until('the request', open)).number
}

let repositories = 0

type Listed = { readonly id: number; readonly body: string; readonly user: { readonly login: string } }
type Status = { readonly id: number; readonly context: string; readonly status: string; readonly description: string }

/** A fresh repository of a real Gitea, for the contract that every forge is held against. */
export async function openSubject(t: TestContext, gitea: Gitea, people: People): Promise<ForgeSubject> {
  const repository = await makeRepository(gitea, people, { name: `fleet-${(repositories += 1)}`, private: false })
  const proxy = await startCountingProxy(gitea.url)
  atEnd(t, async () => await proxy.close())
  const dir = mkdtempSync(join(tmpdir(), 'gv-gitea-subject-'))
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  const tokenFiles = { nameless: join(dir, 'nameless'), named: join(dir, 'named') }
  writeFileSync(tokenFiles.nameless, people.botToken)
  writeFileSync(tokenFiles.named, people.namedToken)
  const branches = new Branches(t, pushUrl(gitea, repository, people.authorToken))
  const list = async (request: number): Promise<Listed[]> => await gitea.call('GET', `/repos/${repository}/issues/${request}/comments`)
  return {
    client: ({ nameless } = { nameless: false }) =>
      openForge({ kind: 'gitea', api: `${proxy.url}/api/v1`, repository, tokenFile: tokenFiles[nameless ? 'nameless' : 'named'] }),
    self: people.bot.name,
    head: branches.head,
    failure: 'failure',
    open: async (base, titles) => {
      const numbers: number[] = []
      for (const [index, head] of branches.make(titles.length).entries())
        numbers.push(await openRequest(gitea, { repository, base, head, title: titles[index] ?? '', token: people.authorToken }))
      return numbers
    },
    comment: async (author, request, body) => {
      const token = people.others.get(author) ?? ''
      await gitea.call('POST', `/repos/${repository}/issues/${request}/comments`, { body: { body }, token })
    },
    comments: async (request) => {
      const all = (await list(request)).toSorted((one, other) => one.id - other.id)
      return all.map(({ user, body }) => ({ author: user.login, body }))
    },
    remove: async (request, { author, body }) => {
      const found = (await list(request)).find((one) => one.user.login === author && one.body === body)
      await gitea.call('DELETE', `/repos/${repository}/issues/comments/${found?.id ?? 0}`)
    },
    statuses: async (commit) => {
      const all = await gitea.call<Status[]>('GET', `/repos/${repository}/commits/${commit}/statuses`)
      const oldestFirst = all.toSorted((one, other) => one.id - other.id)
      return oldestFirst.map(({ context, status, description }) => ({ context, state: status, description }))
    },
    calls: proxy.calls,
  }
}

/** The branches main and other, and as many that are one commit ahead of both as are asked for. */
class Branches {
  readonly head: string
  readonly #fixture = new Fixture()
  readonly #remote: string
  #count = 0

  constructor(t: TestContext, remote: string) {
    atEnd(t, () => this.#fixture.close())
    this.#remote = remote
    this.#fixture.commit({ 'one.yaml': '' })
    this.#push(['main', 'other'])
    this.head = this.#fixture.commit({ 'two.yaml': '' })
  }

  make(count: number): string[] {
    const names = Array.from({ length: count }, () => `change-${(this.#count += 1)}`)
    this.#push(names)
    return names
  }

  #push(names: readonly string[]): void {
    this.#fixture.git('push', '-q', this.#remote, ...names.map((name) => `HEAD:refs/heads/${name}`))
  }
}
