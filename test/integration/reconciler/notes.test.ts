import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startGitServer } from '../../../lab/git-server.ts'
import { until } from '../../../lab/wait.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { createLedger, type Ledger } from '../../../reconciler/ledger.ts'
import { startNoter } from '../../../reconciler/note-receipts.ts'
import { openSource } from '../../../reconciler/source/open-source.ts'
import type { Source } from '../../../reconciler/source/types.ts'
import { openStore, type Store } from '../../../reconciler/store/store.ts'
import { atEnd } from '../../at-end.ts'
import { startCommand } from '../cli/command.ts'
import { Fixture } from './source/fixture.ts'

type World = { readonly fixture: Fixture; readonly url: string }

async function openWorld(t: TestContext): Promise<World> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.git('config', 'receive.denyCurrentBranch', 'ignore')
  const server = await startGitServer({ root: fixture.root, push: true })
  atEnd(t, async () => await server.close())
  return { fixture, url: `${server.url}/fleet.git` }
}

type Environment = { readonly store: Store; readonly source: Source; readonly ledger: Ledger; readonly stopped: () => Promise<void> }

/** One environment's reconciler, as far as receipts go. */
async function openEnvironment(t: TestContext, { fixture, url }: World, name: string): Promise<Environment> {
  const store = openStore(join(fixture.dir, `state-${name}`))
  const source = await openSource({ url, storeDir: join(fixture.dir, `store-${name}`) })
  const noter = startNoter({ source, records: store.ledger, log: silentLogger, gather: 10 })
  const ledger = createLedger({
    environment: name,
    records: store.ledger,
    plans: store.plans,
    clock: systemClock,
    grown: () => noter.trigger(),
  })
  const stopped = async (): Promise<void> => await noter.stop()
  atEnd(t, async () => {
    await stopped()
    await source.close()
    store.close()
  })
  return { store, source, ledger, stopped }
}

/** Carries one plan of one step out, as a host reports it. */
function carryOut({ store, ledger }: Environment, commit: string, plan: string): void {
  const step = 'DefineDomain:VirtualMachine/default/web'
  const report = { plan: plan.repeat(64), step, key: 'VirtualMachine/default/web', node: 'kvm1' } as const
  store.plans.put({ id: report.plan, node: 'kvm1', revision: commit, sentAt: '2026-01-01T00:00:00Z', fields: { [step]: ['spec.a'] } })
  ledger.step({ ...report, state: 'started', at: '2026-01-01T00:00:01+01:00' })
  for (let times = 0; times < 2; times += 1) ledger.step({ ...report, state: 'done', at: '2026-01-01T00:00:02+01:00' })
}

/** Receipts that the remote's notes hold, by environment. */
function noted({ fixture }: World): string[] {
  try {
    fixture.git('fetch', '-q', '--force', fixture.bare, 'refs/notes/gitvirt:refs/notes/gitvirt')
  } catch {
    return []
  }
  const text = fixture.git('log', '--notes=gitvirt', '--format=%N', 'HEAD')
  const lines = text.split('\n').filter((line) => line.startsWith('{'))
  return lines
    .map((line) => JSON.parse(line) as { environment: string; sequence: number })
    .map((one) => `${one.environment} ${one.sequence}`)
}

test('receipts of several environments come into the notes of one repository, each once and in its chain', async (t) => {
  const world = await openWorld(t)
  const { fixture } = world
  const first = fixture.commit({ 'a.yaml': 'a' })
  const [prod, test2] = [await openEnvironment(t, world, 'prod'), await openEnvironment(t, world, 'test')]
  for (const one of [prod, test2]) one.ledger.revision(await one.source.fetch(), undefined)
  carryOut(prod, first, 'a')
  carryOut(test2, first, 'b')
  await until('both receipts', async () => noted(world).length === 2)
  const second = fixture.commit({ 'a.yaml': 'b' })
  for (const one of [prod, test2]) one.ledger.revision(await one.source.fetch(), undefined)
  carryOut(prod, second, 'c')
  carryOut(test2, second, 'd')
  await until('all receipts', async () => noted(world).length === 4)
  assert.deepEqual(noted(world).toSorted(), ['prod 1', 'prod 2', 'test 1', 'test 2'])
  const verified = await startCommand(t, ['audit', 'verify', '--repo', fixture.work]).ended
  assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  const exported = await startCommand(t, ['audit', 'export', '--repo', fixture.work, '-o', 'csv']).ended
  assert.match(exported.stdout, /prod.*DefineDomain.*spec\.a/)
})

test('receipts wait in the store while the remote does not take them', async (t) => {
  const world = await openWorld(t)
  const { fixture } = world
  const commit = fixture.commit({ 'a.yaml': 'a' })
  const one = await openEnvironment(t, world, 'prod')
  one.ledger.revision(await one.source.fetch(), undefined)
  await one.stopped()
  carryOut(one, commit, 'a')
  assert.equal(one.store.ledger.pending(10).length, 1)
  assert.match(one.store.ledger.pending(10)[0]?.line ?? '', /"startedAt":"2025-12-31T23:00:01\.000Z"/)
  assert.deepEqual(noted(world), [])
  const later = startNoter({ source: one.source, records: one.store.ledger, log: silentLogger, gather: 10 })
  await until('the receipt', async () => noted(world).length === 1)
  await later.stop()
  assert.equal(one.store.ledger.pending(10).length, 0)
})

test('a line that stands twice in a note hides no receipt, and the same repair at another time has one of its own', async (t) => {
  const world = await openWorld(t)
  const { fixture } = world
  const commit = fixture.commit({ 'a.yaml': 'a' })
  fixture.input('theirs\ntheirs\n', 'notes', '--ref=gitvirt', 'add', '--file=-', commit)
  fixture.git('push', '-q', fixture.bare, 'refs/notes/gitvirt')
  const one = await openEnvironment(t, world, 'prod')
  one.ledger.revision(await one.source.fetch(), undefined)
  carryOut(one, commit, 'a')
  const again = {
    plan: 'a'.repeat(64),
    step: 'DefineDomain:VirtualMachine/default/web',
    key: 'VirtualMachine/default/web',
    node: 'kvm1',
  } as const
  one.ledger.step({ ...again, state: 'done', at: '2026-01-01T01:00:00Z' })
  await until('both receipts', async () => noted(world).length === 2)
  assert.match(fixture.git('notes', '--ref=gitvirt', 'show', commit), /^theirs\ntheirs\n\{/)
})
