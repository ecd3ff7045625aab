import type { FastifyInstance } from 'fastify'
import { authorize } from './access.ts'
import { identify } from './identity.ts'
import { createMetrics } from './metrics.ts'
import type { ApiOptions } from './ports.ts'

/** Kubernetes' API level that clients measure themselves against; the build says what really answers. */
const level = { major: '1', minor: '32' }

/** Probes, version, the webhook (its signature is its identity) and metrics. */
export function publicRoutes(app: FastifyInstance, options: ApiOptions): void {
  const metrics = createMetrics(options.objects, options.metrics)
  app.addHook('onResponse', async (request, reply) => metrics.answered(request.method, reply.statusCode))
  app.get('/version', () => ({
    ...level,
    gitVersion: `v${level.major}.${level.minor}.0+gitvirt-${options.version}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch}`,
  }))
  for (const path of ['/healthz', '/livez']) app.get(path, () => 'ok')
  app.get('/readyz', async (_request, reply) => {
    const why = options.notReady?.()
    return await reply.code(why === undefined ? 200 : 503).send(why ?? 'ok')
  })
  app.post('/webhook', async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    return await reply.code(await options.webhook(body, request.headers)).send('')
  })
  app.get('/metrics', async (request, reply) => {
    authorize(identify(request.raw, options.identity), { verb: 'get', path: '/metrics' })
    return await reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}
