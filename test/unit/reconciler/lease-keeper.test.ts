import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, test, type TestContext } from 'node:test'
import type { Decision } from '../../../reconciler/decision.ts'
import { createLeaseKeeper, type Adopt, type LeasePorts } from '../../../reconciler/lease-keeper.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import type { EventDraft } from '../../../reconciler/status/events/rules.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest } from '../../fakes/views.ts'

const vm = 'VirtualMachine/default/demo'
const request = { key: vm, by: 'operator', reason: 'incident', for: '2h', ending: 'revert' } as const
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

function setUp(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-03-01T00:00:00Z') })
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-leases-'))
  let store = openStore(dir)
  const desired = fakeDesired()
  desired.put(vmManifest('demo'))
  const observed = fakeObserved()
  observed.setNode('h1')
  observed.see('h1', machineSeen(vmManifest('demo')))
  const events: EventDraft[] = []
  const decisions: Decision[] = []
  const audit = { fails: false }
  const sent: Parameters<LeasePorts['send']>[0][] = []
  const on = {
    refuse: undefined as Error | undefined,
    allowed: true,
    viewed: true,
    adopt: (async () => ({ branch: 'gitvirt/adopt/demo', left: [] })) as Adopt,
  }
  const open = () =>
    createLeaseKeeper({
      records: store.leases,
      desired: () => (on.viewed ? desired : undefined),
      observed,
      policy: () => ({ allowed: on.allowed, longestMilliseconds: 4 * 3_600_000, keptMilliseconds: 24 * 3_600_000 }),
      send: async (lease) => {
        sent.push(lease)
        if (on.refuse !== undefined) throw on.refuse
      },
      adopt: async (lease) => await on.adopt(lease),
      record: (event) => void events.push(event),
      transaction: (work) => store.transaction(work),
      decided: (decision) => {
        if (audit.fails) throw new Error('database or disk is full')
        decisions.push(decision)
      },
      again: () => undefined,
      clock: { now: () => new Date() },
      log: silentLogger,
    })
  let keeper = open()
  t.after(() => {
    keeper.close()
    mock.timers.reset()
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    on,
    desired,
    observed,
    events,
    decisions,
    audit,
    sent,
    get keeper() {
      return keeper
    },
    records: () => store.leases.list(),
    /** What the host says it keeps. */
    hostHas: (id?: string) => {
      const lease = id === undefined ? {} : { lease: { id, until: '2026-03-01T02:00:00.000Z' } }
      observed.see('h1', machineSeen(vmManifest('demo'), lease))
      keeper.watch()
    },
    restart: () => {
      keeper.close()
      store.close()
      store = openStore(dir)
      keeper = open()
      keeper.watch()
    },
  }
}

test('a lease is kept, told to its host with its length, and audited', async (t) => {
  const world = setUp(t)
  const lease = await world.keeper.begin(request)
  assert.equal(lease.until, '2026-03-01T02:00:00.000Z')
  assert.deepEqual(world.sent, [{ key: vm, id: lease.id, by: 'operator', seconds: 7200 }])
  assert.deepEqual(world.records(), [lease])
  assert.deepEqual(
    world.decisions.map(({ verb, by, reason, until }) => [verb, by, reason, until]),
    [['Lease', 'operator', 'incident', '2026-03-01T02:00:00.000Z']],
  )
  assert.match(world.events[0]?.message ?? '', /^operator has a lease until 2026-03-01T02:00:00.000Z: incident\./)
})

test('a machine has one lease at most', async (t) => {
  const world = setUp(t)
  await world.keeper.begin(request)
  await assert.rejects(world.keeper.begin({ ...request, by: 'other' }), { code: 'Conflict' })
  assert.equal(world.records()[0]?.by, 'operator')
})

test('what is not allowed gives no lease: by policy, too long, no machine, no time', async (t) => {
  const world = setUp(t)
  await assert.rejects(world.keeper.begin({ ...request, for: '5h' }), { code: 'LeaseNotAllowed' })
  await assert.rejects(world.keeper.begin({ ...request, for: 'long' }), { code: 'InvalidArgument' })
  await assert.rejects(world.keeper.begin({ ...request, key: 'VirtualMachine/default/other' }), { code: 'NotFound' })
  await assert.rejects(world.keeper.begin({ ...request, key: 'DataVolume/default/demo' }), { code: 'InvalidArgument' })
  world.on.allowed = false
  await assert.rejects(world.keeper.begin(request), { code: 'LeaseNotAllowed' })
  assert.deepEqual([world.records(), world.sent], [[], []])
})

test('a host that cannot be told gets no lease, and hears of its end when it is there again', async (t) => {
  const world = setUp(t)
  world.on.refuse = new Error('not connected')
  await assert.rejects(world.keeper.begin(request), /not connected/)
  assert.deepEqual(world.keeper.list(), [])
  const { id } = world.records()[0] ?? {}
  world.on.refuse = undefined
  await settle()
  world.hostHas(id)
  assert.deepEqual(world.sent.at(-1), { key: vm, id, by: 'operator' })
  world.hostHas()
  assert.deepEqual(world.records(), [])
})

test('a host that lost the lease is told of the rest of it after a restart', async (t) => {
  const world = setUp(t)
  const { id } = await world.keeper.begin(request)
  mock.timers.tick(3_600_000)
  world.restart()
  assert.deepEqual(world.sent.at(-1), { key: vm, id, by: 'operator', seconds: 3600 })
})

test('it ends at its time, and the host is told', async (t) => {
  const world = setUp(t)
  const { id } = await world.keeper.begin(request)
  world.hostHas(id)
  mock.timers.tick(7_199_999)
  assert.equal(world.keeper.list().length, 1)
  mock.timers.tick(1)
  assert.deepEqual(world.keeper.list(), [])
  assert.equal(world.decisions.at(-1)?.by, 'gitvirt')
  assert.equal(world.events.at(-1)?.message, 'The lease of operator has ended: its time has come.')
})

test('a person ends it before its time, and the next may have one', async (t) => {
  const world = setUp(t)
  await world.keeper.begin(request)
  await world.keeper.end({ key: vm, by: 'other', reason: 'solved' })
  assert.equal(world.events.at(-1)?.message, 'other ended the lease of operator: solved')
  assert.equal(world.sent.at(-1)?.seconds, undefined)
  await assert.rejects(world.keeper.end({ key: vm, by: 'other' }), { code: 'NotFound' })
  await settle()
  await world.keeper.begin({ ...request, by: 'other' })
  assert.equal(world.keeper.list()[0]?.by, 'other')
})

test('at the end of one to adopt the changes are written to a branch and stand until Git changes or the time is over', async (t) => {
  const world = setUp(t)
  await world.keeper.begin({ ...request, ending: 'adopt' })
  mock.timers.tick(7_200_000)
  await settle()
  const [kept] = world.keeper.list()
  assert.deepEqual([kept?.kept?.branch, kept?.kept?.until], ['gitvirt/adopt/demo', '2026-03-02T02:00:00.000Z'])
  world.desired.put({ ...vmManifest('demo'), metadata: { name: 'demo', namespace: 'default', labels: { merged: 'yes' } } })
  world.keeper.watch()
  assert.deepEqual(world.keeper.list(), [])
  assert.match(world.events.at(-1)?.message ?? '', /Git wants something else now/)
})

test('a branch that cannot be written is tried again; meanwhile the changes stand, and no longer than the time', async (t) => {
  const world = setUp(t)
  let tries = 0
  world.on.adopt = async () => {
    tries += 1
    throw new Error('no permission')
  }
  await world.keeper.begin({ ...request, ending: 'adopt' })
  mock.timers.tick(7_200_000)
  await settle()
  assert.match(world.events.at(-1)?.message ?? '', /^The adoption branch cannot be written: no permission/)
  mock.timers.tick(60_000)
  await settle()
  assert.equal(tries, 2)
  assert.equal(world.keeper.list().length, 1)
  mock.timers.tick(24 * 3_600_000)
  await settle()
  assert.deepEqual(world.keeper.list(), [])
})

test('where nothing was changed by hand there is nothing to adopt, and the lease is over', async (t) => {
  const world = setUp(t)
  world.on.adopt = async () => undefined
  await world.keeper.begin({ ...request, ending: 'adopt' })
  await world.keeper.end({ key: vm, by: 'operator' })
  await settle()
  assert.deepEqual(world.keeper.list(), [])
  assert.equal(world.events.at(-1)?.reason, 'NothingToAdopt')
})

test('changes kept for adoption outlast a restart before which no revision is known, and a file that does not parse', async (t) => {
  const world = setUp(t)
  await world.keeper.begin({ ...request, ending: 'adopt' })
  await world.keeper.end({ key: vm, by: 'operator' })
  await settle()
  const told = world.events.length
  world.on.viewed = false
  world.restart()
  assert.equal(world.keeper.list()[0]?.kept?.branch, 'gitvirt/adopt/demo')
  world.on.viewed = true
  world.desired.breakKey(vm, { severity: 'error', code: 'SyntaxError', message: 'broken', path: 'apps/demo.yaml', line: 1, column: 1 })
  world.keeper.watch()
  assert.deepEqual([world.keeper.list().length, world.events.length], [1, told])
})

test('a lease to adopt whose time comes while nobody knows what Git wants is kept with the next revision', async (t) => {
  const world = setUp(t)
  await world.keeper.begin({ ...request, ending: 'adopt' })
  world.on.viewed = false
  world.restart()
  mock.timers.tick(3 * 3_600_000)
  await settle()
  assert.deepEqual([world.keeper.list()[0]?.kept, world.decisions.length], [undefined, 1])
  await assert.rejects(world.keeper.end({ key: vm, by: 'operator' }), { code: 'WishUnknown' })
  world.on.viewed = true
  world.keeper.watch()
  await settle()
  assert.equal(world.keeper.list()[0]?.kept?.branch, 'gitvirt/adopt/demo')
  assert.equal(world.decisions.at(-1)?.verb, 'EndLease')
})

test('a host that keeps a lease which another one took the place of is told to end that one', async (t) => {
  const world = setUp(t)
  const first = await world.keeper.begin(request)
  world.hostHas(first.id)
  world.on.refuse = new Error('not connected')
  await world.keeper.end({ key: vm, by: 'operator' })
  await settle()
  await assert.rejects(world.keeper.begin({ ...request, by: 'other' }), /not connected/)
  await settle()
  world.on.refuse = undefined
  world.sent.length = 0
  world.hostHas(first.id)
  assert.deepEqual(world.sent, [{ key: vm, id: first.id, by: 'gitvirt' }])
  await settle()
  world.hostHas()
  assert.deepEqual(world.records(), [])
})

test('a lease that only a host knows of is ended there, and the one in force is not', async (t) => {
  const world = setUp(t)
  const { id } = await world.keeper.begin(request)
  world.hostHas(id)
  world.sent.length = 0
  world.keeper.endStrays([vm])
  assert.deepEqual(world.sent, [])
  world.hostHas('lost')
  assert.deepEqual(world.sent, [{ key: vm, id: 'lost', by: 'gitvirt' }])
  await settle()
  world.hostHas()
  assert.deepEqual(world.sent.at(-1), { key: vm, id, by: 'operator', seconds: 7200 })
})

test('no lease begins or ends whose receipt cannot be kept, and one that its host did not hear of leaves both', async (t) => {
  const world = setUp(t)
  world.audit.fails = true
  await assert.rejects(world.keeper.begin(request), /disk is full/)
  assert.deepEqual([world.records(), world.sent], [[], []])
  world.audit.fails = false
  await world.keeper.begin(request)
  world.audit.fails = true
  await assert.rejects(world.keeper.end({ key: vm, by: 'operator' }), /disk is full/)
  assert.equal(world.keeper.list().length, 1)
  world.audit.fails = false
  await world.keeper.end({ key: vm, by: 'operator' })
  await settle()
  world.on.refuse = new Error('not connected')
  await assert.rejects(world.keeper.begin(request), /not connected/)
  assert.deepEqual(
    world.decisions.map(({ verb, by }) => [verb, by]),
    [
      ['Lease', 'operator'],
      ['EndLease', 'operator'],
      ['Lease', 'operator'],
      ['EndLease', 'gitvirt'],
    ],
  )
})

test('what no manifest can say is told once, and tried no more', async (t) => {
  const world = setUp(t)
  let tries = 0
  world.on.adopt = async () => {
    tries += 1
    return { left: ['domain/on_crash'] }
  }
  await world.keeper.begin({ ...request, ending: 'adopt' })
  await world.keeper.end({ key: vm, by: 'operator' })
  await settle()
  mock.timers.tick(3_600_000)
  await settle()
  assert.deepEqual([tries, world.keeper.list()], [1, []])
  assert.match(world.events.at(-1)?.message ?? '', /no branch: domain\/on_crash\. It is drift again\.$/)
})

test('an adoption that fails again and again is tried at ever longer intervals', async (t) => {
  const world = setUp(t)
  let tries = 0
  world.on.adopt = async () => {
    tries += 1
    throw new Error('no permission')
  }
  await world.keeper.begin({ ...request, ending: 'adopt' })
  await world.keeper.end({ key: vm, by: 'operator' })
  for (let minute = 0; minute < 60; minute += 1) {
    await settle()
    mock.timers.tick(60_000)
  }
  await settle()
  assert.equal(tries, 6)
})
