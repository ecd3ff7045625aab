import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { request, settle, setUp, vm } from './lease-world.ts'

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

test('no lease begins or ends whose receipt or event cannot be kept, and one that its host did not hear of leaves both', async (t) => {
  const world = setUp(t)
  world.audit.fails = true
  await assert.rejects(world.keeper.begin(request), /disk is full/)
  assert.deepEqual([world.records(), world.sent], [[], []])
  world.audit.fails = false
  world.audit.untold = true
  await assert.rejects(world.keeper.begin(request), /disk is full/)
  assert.deepEqual([world.records(), world.sent], [[], []])
  world.audit.untold = false
  world.decisions.length = 0
  await world.keeper.begin(request)
  world.audit.fails = true
  await assert.rejects(world.keeper.end({ key: vm, by: 'operator' }), /disk is full/)
  assert.equal(world.keeper.list().length, 1)
  world.audit.fails = false
  world.audit.untold = true
  await assert.rejects(world.keeper.end({ key: vm, by: 'operator' }), /disk is full/)
  assert.deepEqual([world.keeper.list().length, world.events.at(-1)?.reason], [1, 'Leased'])
  world.audit.untold = false
  world.decisions.length = 1
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
