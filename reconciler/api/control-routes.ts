import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GitvirtError, describeError } from '../lib/errors.ts'
import { authorize } from './access.ts'
import { ApiError, badRequest } from './api-error.ts'
import { identify, type Identity } from './identity.ts'
import type { ApiOptions } from './ports.ts'

const prefix = '/gitvirt/v1'
const commitPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
/** One under way and one that waits: each fetches from the remote and plans everything. */
const mostPreviews = 2
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/
/** Nodes are named as their hosts are, capitals included. */
const keyPattern = /^[A-Za-z]{1,64}\/[a-z0-9.-]{0,253}\/[A-Za-z0-9.-]{1,253}$/

/** gitvirt's own requests, for the CLI and the console: plan, status, reconcile, suspend, resume, leases, approvals of changes and revisions. */
export function controlRoutes(app: FastifyInstance, options: ApiOptions): void {
  const { control } = options
  const reader = (request: FastifyRequest): Identity => allowed(options, request, 'get')
  const writer = (request: FastifyRequest): Identity => allowed(options, request, 'update')
  const previews = atMost(mostPreviews, 'One preview is under way and another waits. Ask again when they are done.')
  app.get(`${prefix}/plan`, (request) => {
    reader(request)
    const { ref } = request.query as { readonly ref?: unknown }
    if (ref === undefined) return guarded(() => control.plan())
    if (typeof ref !== 'string' || ref === '' || ref.length > 1024) throw badRequest('ref is a name of at most 1024 characters')
    // Of a server that hands out no commit by its id, all branches are fetched.
    if (commitPattern.test(ref)) writer(request)
    return previews(() => guarded(() => control.preview(ref)))
  })
  app.get(`${prefix}/status`, (request) => (reader(request), guarded(() => control.status())))
  app.get(`${prefix}/state`, (request) => (reader(request), guarded(() => control.state())))
  notificationRoutes(app, options)
  app.get(`${prefix}/history`, (request) => {
    reader(request)
    const { at, ...query } = request.query as { readonly at?: unknown; readonly key?: unknown }
    const time = typeof at === 'string' && timePattern.test(at) ? Date.parse(at) : Number.NaN
    if (Number.isNaN(time)) throw badRequest('at is an RFC 3339 time')
    return guarded(() => control.history({ time, ...targetOf(query) }))
  })
  app.post(`${prefix}/reconcile`, (request) => {
    const by = writer(request).name
    return guarded(() => control.reconcile(by))
  })
  app.post(`${prefix}/suspend`, (request) => {
    const by = writer(request).name
    const body = bodyOf(request)
    return guarded(() => control.suspend({ ...targetOf(body), ...textsOf(body, ['for', 'until']), by, reason: reasonOf(body) }))
  })
  app.post(`${prefix}/resume`, (request) => {
    const by = writer(request).name
    const body = bodyOf(request)
    return guarded(() => control.resume({ ...targetOf(body), ...textsOf(body, ['reason']), by }))
  })
  app.get(`${prefix}/leases`, (request) => (reader(request), guarded(() => control.leases())))
  app.post(`${prefix}/leases`, (request) => {
    const by = writer(request).name
    const body = bodyOf(request)
    const { for: time, ending = 'revert' } = textsOf(body, ['for', 'ending'])
    if (time === undefined) throw badRequest('for is missing: say how long')
    if (ending !== 'revert' && ending !== 'adopt') throw badRequest('ending is revert or adopt')
    return guarded(() => control.lease({ key: keyOf(body), by, reason: reasonOf(body), for: time, ending }))
  })
  app.post(`${prefix}/leases/end`, (request) => {
    const by = writer(request).name
    const body = bodyOf(request)
    return guarded(() => control.endLease({ key: keyOf(body), ...textsOf(body, ['reason']), by }))
  })
  app.post(`${prefix}/approvals`, (request) => {
    const by = writer(request).name
    const body = bodyOf(request)
    const commit = textOf(body, 'revision')
    if (commit !== undefined) return guarded(() => control.allowRevision({ commit: fullCommit(commit), by }))
    const plan = textOf(body, 'plan')
    const target = targetOf(body)
    if (plan === undefined && target.key === undefined) throw badRequest('name a plan or the key of an object')
    return guarded(() => control.approve({ ...target, ...(plan === undefined ? {} : { plan }), by }))
  })
}

const destinationPattern = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

function notificationRoutes(app: FastifyInstance, options: ApiOptions): void {
  const { control } = options
  const tests = atMost(1, 'A test is under way. Ask again when it is done.')
  app.get(`${prefix}/notifications`, (request) => (allowed(options, request, 'get'), guarded(() => control.notifications())))
  app.post(`${prefix}/notifications/test`, (request) => {
    const by = allowed(options, request, 'update').name
    const destination = textOf(bodyOf(request), 'destination')
    if (destination === undefined || !destinationPattern.test(destination)) throw badRequest('destination is a name')
    return tests(() => guarded(() => control.testNotification({ destination, by })))
  })
}

function allowed(options: ApiOptions, request: FastifyRequest, verb: string): Identity {
  return authorize(identify(request.raw, options.identity), { verb, path: request.url })
}

/** What the pipeline could not do is told with its own words, as a Status. */
async function guarded(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await call()) ?? {}
  } catch (error) {
    if (!(error instanceof GitvirtError)) throw error
    throw new ApiError(error.code === 'NotFound' ? 404 : 422, error.code, describeError(error))
  }
}

/** Lets so many calls be there at once; further ones are refused with 429. */
function atMost(most: number, busy: string): (call: () => Promise<unknown>) => Promise<unknown> {
  let calls = 0
  return async (call) => {
    if (calls >= most) throw new ApiError(429, 'Busy', busy)
    calls += 1
    try {
      return await call()
    } finally {
      calls -= 1
    }
  }
}

type Body = Readonly<Record<string, unknown>>

function bodyOf(request: FastifyRequest): Body {
  const raw = request.body
  if (!Buffer.isBuffer(raw) || raw.length === 0) return {}
  try {
    const value: unknown = JSON.parse(raw.toString('utf8'))
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Body
  } catch {
    // Told below.
  }
  throw badRequest('the body is no JSON object')
}

function textOf(body: Body, name: string): string | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.length > 1024) throw badRequest(`${name} is a text of at most 1024 characters`)
  return value
}

/** Those of the texts that are there. */
function textsOf<K extends string>(body: Body, names: readonly K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {}
  for (const name of names) {
    const text = textOf(body, name)
    if (text !== undefined) found[name] = text
  }
  return found
}

/** Who holds things back says why: others see it when they wonder. */
function reasonOf(body: Body): string {
  const reason = textOf(body, 'reason')?.trim() ?? ''
  if (reason === '') throw badRequest('reason is missing: say why')
  return reason
}

function fullCommit(text: string): string {
  if (!commitPattern.test(text)) throw badRequest('revision is a full commit id')
  return text
}

function keyOf(body: Body): string {
  const { key } = targetOf(body)
  if (key === undefined) throw badRequest('key is missing: name the object')
  return key
}

function targetOf(body: Body): { key?: string } {
  const key = textOf(body, 'key')
  if (key !== undefined && !keyPattern.test(key)) throw badRequest('key is Kind/namespace/name')
  return key === undefined ? {} : { key }
}
