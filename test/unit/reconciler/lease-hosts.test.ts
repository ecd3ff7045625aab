import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { request, settle, setUp, vm } from './lease-world.ts'

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
