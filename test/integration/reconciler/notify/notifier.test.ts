import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../../lab/wait.ts'
import { sourceTroubles } from '../../../../reconciler/source-troubles.ts'
import { followNews, type FollowedNews } from '../../../../reconciler/follow-news.ts'
import { systemClock } from '../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import { createNotifier } from '../../../../reconciler/notify/notifier.ts'
import type { Message } from '../../../../reconciler/notify/types.ts'
import type { SourceState } from '../../../../reconciler/pipeline-control.ts'
import { createStatus, type Status } from '../../../../reconciler/status/status.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { atEnd } from '../../../at-end.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest } from '../../../fakes/views.ts'
import { startHttp, type HttpSite } from './servers.ts'

const toldToOps = {
  apiVersion: 'gitvirt.io/v1alpha1',
  kind: 'Fleet',
  metadata: { name: 'prod' },
  spec: { notifications: [{ name: 'all', to: 'ops', interval: '0s' }] },
}

type World = {
  readonly source: SourceState
  readonly desired: ReturnType<typeof fakeDesired>
  readonly observed: ReturnType<typeof fakeObserved>
  /** Other sources that the next start knows. */
  others: readonly { readonly name: string }[]
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
  const others = [{ name: 'net' }, { name: 'other' }]
  const world = { source: { revision }, desired: fakeDesired(), observed: fakeObserved(), others } as unknown as World
  let running: { stop(): Promise<void> }
  const start = (): void => {
    const store = openStore(join(dir, 'state'), 'test')
    const objects = (): Status['objects'] => world.status.objects
    const news = followNews({
      store,
      notifyFile: file,
      environment: 'prod',
      source: world.source,
      others: world.others,
      objects,
      manifest: (one) => world.status.manifest(one),
      refreshed: () => world.status.refreshed(),
      clock: systemClock,
      log: silentLogger,
      gather: 50,
      steady: 100,
    })
    const status = createStatus({ store, clock: systemClock, heard: (event) => news.heard(event), erred: (keys) => news.changed(keys) })
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
  atEnd(t, async () => {
    await stop()
    rmSync(dir, { recursive: true, force: true })
  })
  world.desired.put(toldToOps)
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
  // Nobody is told of this, but of what comes after it, when somebody is to be told again.
  world.status.record({ ...failure, key: 'VirtualMachine/default/silent' })
  world.desired.put(toldToOps)
  world.news.arrived(world.desired)
  world.status.record({ ...failure, key: 'VirtualMachine/default/heard' })
  await until('what comes after it', () => site.taken.length === 2)
  assert.deepEqual(heads(site).slice(1), ['warning ErrNoSpace heard'])
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

/** Type and reason of all that was told, whether alone or in a digest. */
function reasons(site: HttpSite): string[] {
  return told(site).flatMap(({ type, reason, groups }) => groups?.map((group) => `${group.type} ${group.reason}`) ?? [`${type} ${reason}`])
}

test('a host that is down and drift that is left are not over after a restart, while a failure that was mended is', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  const { desired, observed } = world
  desired.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'h1' } })
  desired.put(vmManifest('demo'))
  observed.setNode('h1')
  observed.see('h1', machineSeen(vmManifest('demo'), { drift: [{ path: 'memory', expected: '1', actual: '2' }] }))
  world.status.refresh({ desired, observed })
  observed.setNode('h1', { connected: false })
  world.status.refresh({ desired, observed, keys: ['Node//h1'] })
  world.status.answered('h1', [{ key, result: 'failed', code: 'ErrNoSpace', message: 'The pool is full.' }])
  await until('the troubles', () => reasons(site).length === 3)
  await world.restart()
  world.status.refresh({ desired, observed })
  await until('the end of one', () => reasons(site).length > 3)
  assert.deepEqual(reasons(site).toSorted(), ['recovery ErrNoSpace', 'warning DriftDetected', 'warning ErrNoSpace', 'warning NodeNotReady'])
  observed.setNode('h1')
  world.status.refresh({ desired, observed, keys: ['Node//h1'] })
  await until('the end of the other', () => reasons(site).includes('recovery NodeNotReady'))
  assert.ok(!reasons(site).includes('recovery DriftDetected'))
})

test('a good fetch ends what failed fetches and refusals told, also after a restart, and nothing else of the environment', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  const lasting = ['PolicyHeld', 'ApprovalIgnored', 'ApprovalPending']
  for (const reason of [...lasting, 'UntrustedCommit']) {
    world.status.record({ key: 'Fleet//*', type: 'Warning', reason, message: reason })
    world.news.refused(reason)
  }
  // Of two sources that are refused, one is let in.
  world.status.record({ key: 'Fleet//*', type: 'Warning', reason: 'UntrustedTag', message: 'other: UntrustedTag' })
  world.news.refused('UntrustedTag')
  world.news.refused('UntrustedTag', 'other')
  world.news.notFetched(Object.assign(new Error('the server is away'), { code: 'FetchFailed' }))
  await world.restart()
  world.news.arrived(undefined)
  await until('the ends', () => reasons(site).includes('recovery FetchFailed'))
  const over = (): string[] =>
    reasons(site)
      .filter((one) => one.startsWith('recovery'))
      .toSorted()
  assert.deepEqual(over(), ['recovery FetchFailed', 'recovery UntrustedCommit'])
  world.news.admitted('other')
  await until('the end of the other one', () => over().length === 3)
  assert.ok(over().includes('recovery UntrustedTag'))
})

test('a failed fetch of another source is told with its name, and ends with that source only, also after a restart', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  const away = (code: string): Error => Object.assign(new Error('the server is away'), { code })
  const troubles = sourceTroubles('net', world)
  for (let times = 0; times < 3; times += 1) troubles.tell(away('FetchTimedOut'))
  world.news.notFetched(away('FetchFailed'))
  await until('both', () => reasons(site).length === 2)
  assert.ok(told(site).some((one) => JSON.stringify(one).includes('net: the server is away')))
  await world.restart()
  world.news.arrived(undefined)
  await until('the end of the own one', () => reasons(site).length === 3)
  sourceTroubles('net', world).over()
  await until('the end of the other', () => reasons(site).length === 4)
  assert.deepEqual(reasons(site).slice(2), ['recovery FetchFailed', 'recovery FetchTimedOut'])
})

test('troubles of a source that the environment has no more end with the next start, but for those of another one', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  const away = (code: string): Error => Object.assign(new Error('the server is away'), { code })
  world.news.notFetched(away('RepositoryNotFound'), 'net')
  world.news.notFetched(away('FetchFailed'), 'net')
  world.news.notFetched(away('FetchFailed'))
  world.status.record({ key: 'Fleet//*', type: 'Warning', reason: 'HistoryRewritten', message: 'net was rewritten' })
  world.news.inForce({ commit: 'a'.repeat(40), rewritten: true }, 'net')
  await until('the troubles', () => new Set(reasons(site)).size === 3)
  world.others = [{ name: 'other' }]
  await world.restart()
  const over = (): string[] =>
    reasons(site)
      .filter((one) => one.startsWith('recovery'))
      .toSorted()
  await until('the ends', () => over().length === 2)
  assert.deepEqual(over(), ['recovery HistoryRewritten', 'recovery RepositoryNotFound'])
  world.news.arrived(undefined)
  await until('the end of the own one', () => over().includes('recovery FetchFailed'))
})

test('a rewritten branch is over when the branch goes on, and a refused one when a revision is let in, also after a restart', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  const tell = (source: string): void =>
    world.status.record({ key: 'Fleet//*', type: 'Warning', reason: 'HistoryRewritten', message: `${source} was rewritten` })
  const ends = (): number => reasons(site).filter((one) => one === 'recovery HistoryRewritten').length
  const [first, second] = ['a'.repeat(40), 'b'.repeat(40)]
  tell('main')
  world.news.inForce({ commit: first, rewritten: true })
  tell('other')
  world.news.inForce({ commit: first, rewritten: true }, 'other')
  await world.restart()
  // What is in force already comes into force again with a start, and is fetched again and again.
  world.news.inForce({ commit: first, rewritten: false })
  world.news.arrived(undefined)
  world.news.inForce({ commit: second, rewritten: false })
  world.news.notFetched(Object.assign(new Error('the server is away'), { code: 'FetchFailed' }))
  world.news.arrived(undefined)
  await until('the end of the failed fetch', () => reasons(site).includes('recovery FetchFailed'))
  assert.equal(ends(), 0, 'the other branch is where it was rewritten to')
  world.news.inForce({ commit: second, rewritten: false }, 'other')
  await until('the end', () => ends() === 1)
  tell('main')
  world.news.refused('HistoryRewritten')
  await until('the refusal', () => reasons(site).filter((one) => one === 'warning HistoryRewritten').length === 2)
  world.news.admitted('')
  await until('the end of the refusal', () => ends() === 2)
})

test('what is wrong in the manifest of a Secret is told again when it comes again after its end', async (t) => {
  const site = await startHttp(t)
  const world = await openWorld(t, site.port)
  const { desired, observed } = world
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: 'default' } }
  const trouble = { key: 'Secret/default/keys', type: 'Warning', reason: 'ManifestInvalid', message: 'It is wrong.' } as const
  const place = { path: 'a.yaml', line: 1, column: 1, object: trouble.key }
  const rounds = ['mended', 'removed', 'last'] as const
  for (const [index, round] of rounds.entries()) {
    desired.breakKey(trouble.key, { severity: 'error', code: 'InvalidValue', message: round, ...place })
    world.status.refresh({ desired, observed, ...(index === 0 ? {} : { keys: [trouble.key] }) })
    world.status.record(trouble)
    await until(`trouble ${round}`, () => reasons(site).length === 2 * index + 1)
    if (round === 'last') break
    desired.mend(trouble.key)
    if (round === 'mended') desired.put(secret)
    world.status.refresh({ desired, observed, keys: [trouble.key] })
    await until(`its end, ${round}`, () => reasons(site).length === 2 * index + 2)
  }
  const once = ['warning ManifestInvalid', 'recovery ManifestInvalid']
  assert.deepEqual(reasons(site), [...once, ...once, 'warning ManifestInvalid'])
})

test('after a start no end is told before it is known what stands', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-notifier-'))
  const store = openStore(dir, 'test')
  const file = join(dir, 'destinations.yaml')
  writeFileSync(file, JSON.stringify({ destinations: { ops: { type: 'webhook', url: 'https://ops.example.org' } } }), { mode: 0o600 })
  const sent: string[] = []
  let asked = 0
  let known = false
  const start = () =>
    createNotifier({
      store,
      file,
      environment: 'prod',
      inForce: () => undefined,
      clock: systemClock,
      log: silentLogger,
      endOf: () => 'It is well.',
      known: () => ((asked += 1), known),
      gather: 10,
      steady: 20,
      send: async (_to, { type, reason }) => (sent.push(`${type} ${reason}`), await Promise.resolve('200')),
    })
  const before = start()
  before.policy({ notifications: [{ name: 'all', to: 'ops', interval: '0s' }] })
  store.transaction(() => before.tell({ key: 'Node//h1', severity: 'warning', reason: 'NodeNotReady', message: 'It is away.' }))
  await until('the trouble', () => sent.length === 1)
  await before.stop()
  const after = start()
  atEnd(t, async () => {
    await after.stop()
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  await until('looks for ends', () => asked >= 3)
  assert.deepEqual(sent, ['warning NodeNotReady'])
  known = true
  await until('the end', () => sent.length === 2)
  assert.deepEqual(sent, ['warning NodeNotReady', 'recovery NodeNotReady'])
})
