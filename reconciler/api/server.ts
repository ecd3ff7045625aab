import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { authorize } from './access.ts'
import { handleAction } from './actions.ts'
import { ApiError, methodNotAllowed, noSuchPath, notFound, statusBody } from './api-error.ts'
import { controlRoutes } from './control-routes.ts'
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery.ts'
import { identify } from './identity.ts'
import { wantsAggregatedDiscovery } from './negotiate.ts'
import type { ApiOptions } from './ports.ts'
import { parseRequestPath, type RequestPath } from './request-path.ts'
import { handleResource, verbOf } from './resource-handler.ts'
import { findResource, subresourceGroup } from './resources.ts'
import { review } from './reviews.ts'
import { createStreamUpgrade } from './stream-upgrade.ts'
import { publicRoutes } from './public-routes.ts'
import { openapiDocument, openapiIndex } from './openapi.ts'

/** Most bytes of a request's body. */
const bodyLimit = 1024 * 1024

export type Tls = { readonly ca: string; readonly cert: string; readonly key: string }

export type ListenOptions = ApiOptions & { readonly tls: Tls; readonly host?: string; readonly port: number }

export type ApiServer = {
  readonly url: string
  readonly port: number
  /** Serves a renewed certificate to new connections. */
  setTls(tls: Tls): void
  close(): Promise<void>
}

/** Serves the API under TLS. Client certificates are asked for but not required: tokens and probes come without. Port 0 takes a free one. */
export async function startApi(options: ListenOptions): Promise<ApiServer> {
  const server = createServer(secureContext(options.tls))
  limitConnections(server)
  const app = createApp(options, server)
  const streams = createStreamUpgrade(options)
  server.on('upgrade', (request, socket, head) => {
    const taken = streams.upgrade(request, socket, head) || (options.upgrade?.(request, socket, head) ?? false)
    if (!taken) socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
  })
  const host = options.host ?? '127.0.0.1'
  await app.listen({ host, port: options.port })
  const { port } = server.address() as AddressInfo
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    setTls: (tls) => server.setSecureContext(secureContext(tls)),
    close: async () => {
      streams.close()
      // Watches never end by themselves.
      server.closeAllConnections()
      await app.close()
    },
  }
}

function secureContext(tls: Tls): Tls & { requestCert: true; rejectUnauthorized: false; minVersion: 'TLSv1.3' } {
  return { ca: tls.ca, cert: tls.cert, key: tls.key, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' }
}

function limitConnections(server: Server): void {
  server.headersTimeout = 15_000
  server.requestTimeout = 60_000
  server.keepAliveTimeout = 65_000
  server.maxConnections = 2048
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('tlsClientError', (_error, socket) => socket.destroy())
}

/** The routes, on a server that is not listening yet. */
function createApp(options: ApiOptions, server: Server): FastifyInstance {
  const app = fastify({
    serverFactory: (handler) => {
      server.on('request', (request, response) => {
        if (options.intercept?.(request, response) !== true) handler(request, response)
      })
      return server
    },
    bodyLimit,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 2048 },
  }) as unknown as FastifyInstance
  // Bodies stay bytes: most are refused unread, and a webhook's signature is over its bytes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error, request, reply) => fail(options, { error, request, reply }))
  app.setNotFoundHandler((request, reply) => fail(options, { error: noSuchPath(), request, reply }))
  publicRoutes(app, options)
  controlRoutes(app, options)
  discoveryRoutes(app, options)
  app.all('/api/*', async (request, reply) => await answer(options, request, reply))
  app.all('/apis/*', async (request, reply) => await answer(options, request, reply))
  return app
}

type Failure = { readonly error: unknown; readonly request: FastifyRequest; readonly reply: FastifyReply }

async function fail(options: ApiOptions, { error, request, reply }: Failure): Promise<void> {
  const known = error instanceof ApiError ? error : fastifyError(error)
  if (known === undefined) options.log.error({ err: error, method: request.method, path: request.url.slice(0, 500) }, 'request failed')
  await reply
    .code(known?.status ?? 500)
    .type('application/json')
    .send(statusBody(known))
}

/** fastify's own refusals: body too large, bad content length … */
function fastifyError(error: unknown): ApiError | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number' || error.statusCode >= 500)
    return undefined
  const reason = error.statusCode === 413 ? 'RequestEntityTooLarge' : 'BadRequest'
  return new ApiError(error.statusCode, reason, error.message)
}

function discoveryRoutes(app: FastifyInstance, options: ApiOptions): void {
  const route = (path: string, core: boolean, body: () => unknown): void => {
    app.get(path, async (request, reply) => {
      authorize(identify(request.raw, options.identity), { verb: 'get', path })
      if (!wantsAggregatedDiscovery(request.headers.accept)) return body()
      void reply.type('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
      return JSON.stringify(aggregatedDiscovery(core))
    })
  }
  app.get('/openapi/v3', (request) => {
    authorize(identify(request.raw, options.identity), { verb: 'get', path: '/openapi/v3' })
    return openapiIndex()
  })
  app.get('/openapi/v3/*', async (request, reply) => {
    authorize(identify(request.raw, options.identity), { verb: 'get', path: '/openapi/v3' })
    const text = openapiDocument(new URL(request.url, 'https://localhost').pathname.slice('/openapi/v3/'.length))
    if (text === undefined) throw noSuchPath()
    return await reply.type('application/json').send(text)
  })
  route('/api', true, apiVersions)
  route('/apis', false, apiGroupList)
}

async function answer(options: ApiOptions, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const url = new URL(request.url, 'https://localhost')
  const identity = identify(request.raw, options.identity)
  const path = parseRequestPath(url.pathname)
  if (path === undefined) {
    authorize(identity, { verb: 'get', path: url.pathname })
    return discoveryBody(url.pathname, request.method)
  }
  const { group, resource, subresource, name, namespace } = path
  const verb = verbOf(request.method, path, url.searchParams)
  const scope = {
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  }
  const who = authorize(identity, { verb, group, resource, ...scope })
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  if (group === 'authorization.k8s.io' && path.version === 'v1') return await reply.code(201).send(review(who, resource, body))
  if (group === subresourceGroup && path.version === 'v1') {
    const done = await handleAction(options, { method: request.method, path, body, identity: who })
    return await reply.code(done.status).send(done.body)
  }
  return readResource(options, { path, request, reply, query: url.searchParams })
}

type Reading = {
  readonly path: RequestPath
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly query: URLSearchParams
}

function readResource(options: ApiOptions, { path, request, reply, query }: Reading): unknown {
  const resource = findResource(path.group, path.version, path.resource)
  if (resource === undefined || (path.namespace !== undefined && !resource.namespaced)) throw noSuchPath()
  if (resource.namespaced && path.name !== undefined && path.namespace === undefined) throw notFound(path, path.name)
  const hijack = (): typeof reply.raw => {
    reply.hijack()
    return reply.raw
  }
  const accept = request.headers.accept
  const body = handleResource(options, { method: request.method, path, resource, query, accept }, hijack)
  // fastify would walk the value for a serializer; there is none for these.
  return body === undefined ? reply : reply.type('application/json').send(JSON.stringify(body))
}

/** /apis/{group}, /apis/{group}/{version} and /api/v1. */
function discoveryBody(pathname: string, method: string): unknown {
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed()
  const [root, group = '', version] = pathname.split('/').filter((part) => part !== '')
  const found = root === 'api' ? apiResourceList('', group) : version === undefined ? apiGroup(group) : apiResourceList(group, version)
  if (found === undefined) throw noSuchPath()
  return found
}
