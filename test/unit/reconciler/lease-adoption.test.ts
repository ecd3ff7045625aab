import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { LeaseAdoptions } from '../../../reconciler/lease-adoption.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { vmManifest } from '../../fakes/views.ts'
import { request, settle, setUp, vm } from './lease-world.ts'

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

test('a failure that cannot even be told is logged, ends no process, and the branch is tried again', async () => {
  const logged: unknown[] = []
  let tried = 0
  const adoptions = new LeaseAdoptions({
    adopt: async () => await Promise.reject(new Error('no permission')),
    record: () => assert.fail('database or disk is full'),
    clock: { now: () => new Date('2026-03-01T00:00:00Z') },
    log: { ...silentLogger, error: (fields: unknown) => void logged.push(fields) },
    done: () => undefined,
    tried: () => void (tried += 1),
  })
  const lease = { key: vm, id: 'l', by: 'operator', reason: 'incident', at: '2026-03-01T00:00:00Z', until: '2026-03-01T02:00:00Z' }
  adoptions.start({ ...lease, ending: 'adopt' })
  await settle()
  assert.deepEqual(logged, [{ key: vm, error: 'database or disk is full' }])
  assert.deepEqual([tried, adoptions.retries()], [1, ['2026-03-01T00:01:00.000Z']])
})
