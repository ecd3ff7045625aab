import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWorld } from './command.ts'

test('notify test prints what the server answered, and notify status what waits', async (t) => {
  const world = await openWorld(t)
  const tested = await world.gitvirt('notify', 'test', 'ops')
  assert.deepEqual([tested.code, tested.stdout], [0, 'ops answered: 200 ops\n'], tested.stderr)
  const status = await world.gitvirt('notify', 'status')
  assert.match(status.stdout, /^RULE +TO +WAITING +LAST SENT\n/)
  const refused = await world.gitvirt('notify', 'test', '../ops')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /destination is a name/)
})
