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

/**
 * A forge's API as its public documentation has it, as far as requests, comments and commit statuses go. No forge can be installed
 * here, so the three clients are held against this.
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
  const reply = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  if (world.failure !== 0) return reply(world.failure, { message: 'as the test wants it' })
  if (!credentials[kind](request)) return reply(401, { message: 'Bad credentials' })
  const url = new URL(request.url ?? '', 'http://forge')
  const call = { method: request.method ?? '', path: url.pathname, query: url.searchParams, body: parse(text) }
  const found = (kind === 'gitlab' ? gitlab : pulls)(world, call)
  return found === undefined ? reply(404, { message: 'Not Found' }) : reply(found.status, found.body)
}

function parse(text: string): Record<string, string> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>)
}

type Call = { readonly method: string; readonly path: string; readonly query: URLSearchParams; readonly body: Record<string, string> }
type Found = { readonly status: number; readonly body: unknown } | undefined

/** GitHub's paths, which Gitea's are too. */
function pulls(world: ForgeWorld, call: Call): Found {
  const path = call.path.replace(/^\/api\/v1/, '')
  const { method, body, query } = call
  if (path === '/user') return whoami(world)
  const repo = `/repos/${repository}`
  if (path === `${repo}/pulls` && query.get('state') === 'open') {
    const open = world.requests.map(({ number, head, title, base }) => ({ number, title, head: { sha: head }, base: { ref: base } }))
    return { status: 200, body: page(open, query) }
  }
  const issue = new RegExp(`^${repo}/issues/(\\d+)/comments$`).exec(path)?.[1]
  const comment = new RegExp(`^${repo}/issues/comments/(\\d+)$`).exec(path)?.[1]
  const commit = new RegExp(`^${repo}/statuses/([0-9a-f]{40})$`).exec(path)?.[1]
  const shown = (one: ForgeWorld['comments'][number]): unknown => ({ id: one.id, body: one.body, user: { id: one.author } })
  if (issue !== undefined && method === 'GET') return { status: 200, body: page(of(world, issue).map(shown), query) }
  if (issue !== undefined && method === 'POST') return { status: 201, body: shown(add(world, issue, body)) }
  if (comment !== undefined && method === 'PATCH') return edit(world, comment, body)
  if (commit === undefined || method !== 'POST' || !['error', 'failure', 'pending', 'success'].includes(body['state'] ?? ''))
    return undefined
  if ((body['description'] ?? '').length > 140)
    return { status: 422, body: { message: 'description is too long (maximum is 140 characters)' } }
  return setStatus(world, { commit, context: body['context'] ?? '', state: body['state'] ?? '', description: body['description'] ?? '' })
}

function gitlab(world: ForgeWorld, { method, path, query, body }: Call): Found {
  if (path === '/api/v4/user') return whoami(world)
  const project = `/api/v4/projects/${encodeURIComponent(repository)}`
  if (path === `${project}/merge_requests` && query.get('state') === 'opened') {
    const open = world.requests.filter(({ base }) => base === query.get('target_branch'))
    return {
      status: 200,
      body: page(
        open.map(({ number, head, title }) => ({ iid: number, title, sha: head })),
        query,
      ),
    }
  }
  const notes = new RegExp(`^${project}/merge_requests/(\\d+)/notes$`).exec(path)?.[1]
  const note = new RegExp(`^${project}/merge_requests/\\d+/notes/(\\d+)$`).exec(path)?.[1]
  const commit = new RegExp(`^${project}/statuses/([0-9a-f]{40})$`).exec(path)?.[1]
  const shown = (one: ForgeWorld['comments'][number]): unknown => ({ id: one.id, body: one.body, author: { id: one.author } })
  if (notes !== undefined && method === 'GET') return { status: 200, body: page(of(world, notes).map(shown), query) }
  if (notes !== undefined && method === 'POST') return { status: 201, body: shown(add(world, notes, body)) }
  if (note !== undefined && method === 'PUT') return edit(world, note, body)
  if (commit === undefined || method !== 'POST' || !['pending', 'running', 'success', 'failed', 'canceled'].includes(body['state'] ?? ''))
    return undefined
  const last = world.statuses.findLast((one) => one.commit === commit && one.context === body['name'])
  if (last?.state === body['state'])
    return { status: 400, body: { message: `Cannot transition status via :enqueue from :${last?.state ?? ''}` } }
  return setStatus(world, { commit, context: body['name'] ?? '', state: body['state'] ?? '', description: body['description'] ?? '' })
}

function whoami({ tellsSelf, selfFailure }: ForgeWorld): Found {
  if (selfFailure !== 0) return { status: selfFailure, body: { message: 'as the test wants it' } }
  return tellsSelf ? { status: 200, body: { id: self } } : { status: 403, body: { message: 'Resource not accessible by integration' } }
}

function page(all: readonly unknown[], query: URLSearchParams): unknown[] {
  const size = Number(query.get('per_page') ?? query.get('limit') ?? 20)
  const number = Number(query.get('page') ?? 1)
  return all.slice((number - 1) * size, number * size)
}

function of(world: ForgeWorld, request: string): ForgeWorld['comments'] {
  return world.comments.filter((one) => one.request === Number(request))
}

function add(world: ForgeWorld, request: string, body: Record<string, string>): ForgeWorld['comments'][number] {
  const comment = { id: world.comments.length + 1, request: Number(request), body: body['body'] ?? '', author: self }
  world.comments.push(comment)
  return comment
}

function edit(world: ForgeWorld, id: string, body: Record<string, string>): Found {
  const comment = world.comments.find((one) => one.id === Number(id))
  if (comment === undefined) return undefined
  if (comment.author !== self) return { status: 403, body: { message: 'Must have admin rights to the repository' } }
  comment.body = body['body'] ?? ''
  return { status: 200, body: { id: comment.id } }
}

function setStatus(world: ForgeWorld, status: ForgeWorld['statuses'][number]): Found {
  world.statuses.push(status)
  return { status: 201, body: {} }
}
