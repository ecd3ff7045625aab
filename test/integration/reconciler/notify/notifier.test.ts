import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../../lab/wait.ts'
import { followNews, type FollowedNews } from '../../../../reconciler/follow-news.ts'
import { systemClock } from '../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import type { Message } from '../../../../reconciler/notify/types.ts'
import type { SourceState } from '../../../../reconciler/pipeline-control.ts'
import { createStatus, type Status } from '../../../../reconciler/status/status.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest } from '../../../fakes/views.ts'
import { startHttp, type HttpSite } from './servers.ts'

type World = {
  readonly source: SourceState
  readonly desired: ReturnType<typeof fakeDesired>
  readonly observed: ReturnType<typeof fakeObserved>
  store: Store
  status: Status
  news: FollowedNews
  restart(): Promise<void>
}

/** Status, news and a store, with a destination at this port. */
async function openWorld(t: TestContext, port: number): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-notifier-'))
  const file = join(dir, 'destinations.yaml')
  const ops = { type: 'webhook', url: `http://127.0.0.1:${port}/`, allowPrivate: true }
  writeFileSync(file, JSON.stringify({ destinations: { ops, other: ops } }), { mode: 0o600 })
  const author = { name: 'author', email: 'author@example.org' }
  const revision = { commit: 'c'.repeat(40), tree: '', ref: 'main', author, committedAt: '', subject: '', rewritten: false }
  const world = { source: { revision }, desired: fakeDesired(), observed: fakeObserved() } as unknown as World
  let running: { stop(): Promise<void> }
  const start = (): void => {
    const store = openStore(join(dir, 'state'), 'test')
    const objects = (): Status['objects'] => world.status.objects
    const news = followNews({
      store,
      notifyFile: file,
      environment: 'prod',
      source: world.source,
      objects,
      clock: systemClock,
      log: silentLogger,
      gather: 50,
      steady: 100,
    })
    const status = createStatus({ store, clock: systemClock, heard: (event) => news.heard(event) })
    Object.assign(world, { store, news, status })
    running = news.start()
  }
  const stop = async (): Promise<void> => {
    await running.stop()
    world.store.close()
  }
  world.restart = async () => {
    await stop()
    start()
  }
  start()
  t.after(async () => {
    await stop()
    rmSync(dir, { recursive: true, force: true })
  })
  world.desired.put({
    apiVersion: 'gitvirt.io/v1alpha1',
    kind: 'Fleet',
    metadata: { name: 'prod' },
    spec: { notifications: [{ name: 'all', to: 'ops', interval: '0s' }] },
  })
  world.news.arrived(world.desired)
  return world
}

function told(site: HttpSite): Message[] {
  return site.taken.map(({ body }) => JSON.parse(body) as Message)
}

function heads(site: HttpSite): string[] {
  return told(site).map(({ type, reason, object }) => `${type} ${reason} ${object?.name ?? ''}`)
}

const key = 'VirtualMachine/default/demo'
/** No condition tells when this ends. */
const lasting = { key: 'Namespace//demo', type: 'Warning', reason: 'ErrNoSpace', message: 'The pool is full.' } as const
const failure = { key, type: 'Warning', reason: 'ErrNoSpace', message: 'The pool is full.', host: 'h1' } as const

test('a failure is told with revision and author, and its end when the conditions of the object say so', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  world.desired.put(vmManifest('demo'))
  world.observed.setNode('h1')
  world.status.refresh({ desired: world.desired, observed: world.observed })
  world.status.answered('h1', [{ key, result: 'failed', code: 'ErrNoSpace', message: 'The pool is full.' }])
  await until('the failure', () => site.taken.length === 1)
  const [message] = told(site)
  assert.deepEqual(
    [message?.type, message?.reason, message?.revision, message?.author?.name],
    ['warning', 'ErrNoSpace', 'c'.repeat(40), 'author'],
  )
  world.status.answered('h1', [{ key, result: 'done' }])
  world.observed.see('h1', machineSeen(vmManifest('demo')))
  world.status.refresh({ desired: world.desired, observed: world.observed, keys: [key] })
  await until('its end', () => site.taken.length === 2)
  assert.deepEqual(heads(site), ['warning ErrNoSpace demo', 'recovery ErrNoSpace demo'])
})

test('what happened while the server was down comes after it is up again, also over a restart, and nothing comes twice', async (t) => {
  const first = await startHttp(t)
  const { port } = first
  const world = await openWorld(t, port)
  await first.close()
  world.status.record(lasting)
  await until('a try', () => world.store.news.outbox().some(({ tries }) => tries > 0))
  await world.restart()
  world.news.arrived(world.desired)
  for (const name of ['a', 'b']) world.status.record({ ...lasting, key: `Namespace//${name}` })
  const second = await startHttp(t, { port })
  await until('both messages', () => second.taken.length === 2)
  assert.deepEqual(
    told(second).map(({ count }) => count),
    [1, 2],
  )
  await world.restart()
  world.news.arrived(world.desired)
  world.status.record(lasting)
  world.status.record({ ...lasting, key: 'Namespace//last' })
  await until('the last message', () => second.taken.length === 3)
  assert.equal(told(second).at(-1)?.object?.name, 'last')
})

test('who is told no longer is told so, by those who were told', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  world.desired.put({ apiVersion: 'gitvirt.io/v1alpha1', kind: 'Fleet', metadata: { name: 'prod' }, spec: {} })
  world.status.record(failure)
  world.news.arrived(world.desired)
  await until('the change', () => site.taken.length === 1)
  const [message] = told(site)
  assert.deepEqual(message?.groups?.map(({ reason }) => reason).toSorted(), ['ErrNoSpace', 'NotificationsChanged'])
  world.status.record({ ...failure, key: 'VirtualMachine/default/silent' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  assert.equal(site.taken.length, 1)
})

test('a Fleet that cannot be read leaves the rules as they were, and a failed fetch and its end are told', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  world.desired.breakKey('Fleet//prod', {
    severity: 'error',
    code: 'YamlSyntax',
    message: 'broken',
    path: 'gitvirt.yaml',
    line: 1,
    column: 1,
    object: 'Fleet//prod',
  })
  world.news.arrived(world.desired)
  world.news.notFetched(Object.assign(new Error('the server is away'), { code: 'FetchFailed' }))
  await until('the failed fetch', () => site.taken.length === 1)
  world.news.arrived(undefined)
  await until('its end', () => site.taken.length === 2)
  assert.deepEqual(heads(site), ['warning FetchFailed *', 'recovery FetchFailed *'])
})
