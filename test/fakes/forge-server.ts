import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ForgeKind } from '../../reconciler/forge/types.ts'

/** What happened at the forge, whatever its dialect. */
export type ForgeWorld = {
  readonly requests: { number: number; head: string; title: string; base: string }[]
  readonly comments: { id: number; request: number; body: string; author: number }[]
  readonly statuses: { commit: string; context: string; state: string; description: string }[]
  /** Answers of this status from now on; 0: as usual. */
  failure: number
  /** Answers of this status to who the token is; 0: as usual. */
  selfFailure: number
  /** False: the token may not ask who it is. */
  tellsSelf: boolean
  calls: number
}

export type ForgeServer = { readonly api: string; readonly world: ForgeWorld; close(): Promise<void> }

const token = 'forge-token'
export const forgeToken = token
export const repository = 'infra/fleet'
const self = 7

/** Most requests of a page, whatever was asked for: an operator of Gitea may set fewer than clients ask for. */
const longestPage = 10

/**
 * A forge's API as its public documentation has it, as far as requests, comments and commit statuses go. What a real Gitea does, the
 * slow suite holds against the same contract (test/contract/forge.ts).
 */
export async function startForgeServer(kind: ForgeKind): Promise<ForgeServer> {
  const world: ForgeWorld = { requests: [], comments: [], statuses: [], failure: 0, selfFailure: 0, tellsSelf: true, calls: 0 }
  const server = createServer((request, response) => void answer(kind, world, { request, response }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const prefix = { github: '', gitea: '/api/v1', gitlab: '/api/v4' }[kind]
  return {
    api: `http://127.0.0.1:${port}${prefix}`,
    world,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse }

const credentials: Readonly<Record<ForgeKind, (request: IncomingMessage) => boolean>> = {
  github: ({ headers }) => headers.authorization === `Bearer ${token}` && headers['x-github-api-version'] === '2022-11-28',
  gitea: ({ headers }) => headers.authorization === `token ${token}`,
  gitlab: ({ headers }) => headers['private-token'] === token,
}

async function answer(kind: ForgeKind, world: ForgeWorld, { request, response }: Exchange): Promise<void> {
  world.calls += 1
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const text = Buffer.concat(parts).toString()
  const reply = (status: number, body: unknown, more: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...more })
    response.end(status === 204 ? '' : JSON.stringify(body))
  }
  if (world.failure !== 0) return reply(world.failure, { message: 'as the test wants it' })
  if (!credentials[kind](request)) return reply(401, { message: 'Bad credentials' })
  const url = new URL(request.url ?? '', 'http://forge')
  const call = { kind, method: request.method ?? '', path: url.pathname, query: url.searchParams, body: parse(text) }
  const found = (kind === 'gitlab' ? gitlab : pulls)(world, call)
  if (found === undefined) return reply(404, { message: 'Not Found' })
  const next = found.next === undefined ? {} : { link: `<${url.origin}${url.pathname}?page=${found.next}>; rel="next"` }
  return reply(found.status, found.body, next)
}

function parse(text: string): Record<string, string> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>)
}

type Call = {
  readonly kind: ForgeKind
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Record<string, string>
}
type Found =
  { readonly status: number; readonly body: unknown; /** Number of the page after this one. */ readonly next?: number } | undefined

/** GitHub's paths, which Gitea's are too. */
function pulls(world: ForgeWorld, call: Call): Found {
  const path = call.path.replace(/^\/api\/v1/, '')
  const { kind, method, body, query } = call
  if (path === '/user') return whoami(world)
  const repo = `/repos/${repository}`
  if (path === `${repo}/pulls` && query.get('state') === 'open') {
    const base = query.get(kind === 'gitea' ? 'base_branch' : 'base')
    const open = world.requests.filter((one) => base === null || one.base === base)
    return page(
      open.map(({ number, head, title, base: ref }) => ({ number, title, head: { sha: head }, base: { ref } })),
      query,
      longestPage,
    )
  }
  const issue = new RegExp(`^${repo}/issues/(\\d+)/comments$`).exec(path)?.[1]
  const comment = new RegExp(`^${repo}/issues/comments/(\\d+)$`).exec(path)?.[1]
  const commit = new RegExp(`^${repo}/statuses/([0-9a-f]{40})$`).exec(path)?.[1]
  const shown = (one: ForgeWorld['comments'][number]): unknown => ({ id: one.id, body: one.body, user: { id: one.author } })
  if (issue !== undefined && method === 'GET') {
    const all = of(world, issue).map(shown)
    // Gitea knows no pages of these.
    return kind === 'gitea' ? { status: 200, body: all } : page(all, query)
  }
  if (issue !== undefined && method === 'POST') return { status: 201, body: shown(add(world, issue, body)) }
  // Who may write to the repository may change comments of others.
  if (comment !== undefined && method === 'PATCH') return edit(world, { id: comment, body, own: false })
  if (comment !== undefined && method === 'DELETE') return remove(world, comment)
  return commit === undefined || method !== 'POST' ? undefined : setStatus(world, commit, call)
}

function setStatus(world: ForgeWorld, commit: string, { kind, body }: Call): Found {
  const { context = '', state = '', description = '' } = body
  if (!['error', 'failure', 'pending', 'success'].includes(state)) return undefined
  if (kind === 'github' && description.length > 140)
    return { status: 422, body: { message: 'description is too long (maximum is 140 characters)' } }
  world.statuses.push({ commit, context, state, description })
  return { status: 201, body: {} }
}

function gitlab(world: ForgeWorld, { method, path, query, body }: Call): Found {
  if (path === '/api/v4/user') return whoami(world)
  const project = `/api/v4/projects/${encodeURIComponent(repository)}`
  if (path === `${project}/merge_requests` && query.get('state') === 'opened') {
    const open = world.requests.filter(({ base }) => base === query.get('target_branch'))
    return page(
      open.map(({ number, head, title }) => ({ iid: number, title, sha: head })),
      query,
      longestPage,
    )
  }
  const notes = new RegExp(`^${project}/merge_requests/(\\d+)/notes$`).exec(path)?.[1]
  const note = new RegExp(`^${project}/merge_requests/\\d+/notes/(\\d+)$`).exec(path)?.[1]
  const commit = new RegExp(`^${project}/statuses/([0-9a-f]{40})$`).exec(path)?.[1]
  const shown = (one: ForgeWorld['comments'][number]): unknown => ({ id: one.id, body: one.body, author: { id: one.author } })
  if (notes !== undefined && method === 'GET') return page(of(world, notes).map(shown), query)
  if (notes !== undefined && method === 'POST') return { status: 201, body: shown(add(world, notes, body)) }
  if (note !== undefined && method === 'PUT') return edit(world, { id: note, body, own: true })
  if (note !== undefined && method === 'DELETE') return remove(world, note)
  return commit === undefined || method !== 'POST' ? undefined : setPipelineStatus(world, commit, body)
}

function setPipelineStatus(world: ForgeWorld, commit: string, body: Record<string, string>): Found {
  const { name: context = '', state = '', description = '' } = body
  if (!['pending', 'running', 'success', 'failed', 'canceled'].includes(state)) return undefined
  const last = world.statuses.findLast((one) => one.commit === commit && one.context === context)
  if (last?.state === state) return { status: 400, body: { message: `Cannot transition status via :enqueue from :${state}` } }
  world.statuses.push({ commit, context, state, description })
  return { status: 201, body: {} }
}

function whoami({ tellsSelf, selfFailure }: ForgeWorld): Found {
  if (selfFailure !== 0) return { status: selfFailure, body: { message: 'as the test wants it' } }
  return tellsSelf ? { status: 200, body: { id: self } } : { status: 403, body: { message: 'Resource not accessible by integration' } }
}

function page(all: readonly unknown[], query: URLSearchParams, most = 100): Found {
  const size = Math.min(most, Number(query.get('per_page') ?? query.get('limit') ?? 20))
  const number = Number(query.get('page') ?? 1)
  const next = all.length > number * size ? { next: number + 1 } : {}
  return { status: 200, body: all.slice((number - 1) * size, number * size), ...next }
}

function of(world: ForgeWorld, request: string): ForgeWorld['comments'] {
  return world.comments.filter((one) => one.request === Number(request))
}

function add(world: ForgeWorld, request: string, body: Record<string, string>): ForgeWorld['comments'][number] {
  const comment = { id: newestId(world) + 1, request: Number(request), body: body['body'] ?? '', author: self }
  world.comments.push(comment)
  return comment
}

function newestId({ comments }: ForgeWorld): number {
  return Math.max(0, ...comments.map(({ id }) => id))
}

type Edit = { readonly id: string; readonly body: Record<string, string>; /** Only one's own may be changed. */ readonly own: boolean }

function edit(world: ForgeWorld, { id, body, own }: Edit): Found {
  const comment = world.comments.find((one) => one.id === Number(id))
  if (comment === undefined) return undefined
  if (own && comment.author !== self) return { status: 403, body: { message: '403 Forbidden' } }
  comment.body = body['body'] ?? ''
  return { status: 200, body: { id: comment.id } }
}

function remove(world: ForgeWorld, id: string): Found {
  const index = world.comments.findIndex((one) => one.id === Number(id))
  if (index === -1) return undefined
  world.comments.splice(index, 1)
  return { status: 204, body: undefined }
}
