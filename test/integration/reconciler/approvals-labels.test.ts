import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { quarantined, soon, untilHeld } from './approvals-steps.ts'
import { openApprovalWorld } from './approvals-world.ts'

const disk = (labels = ''): string => `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: data${labels}}
spec:
  source: {blank: {}}
  storage: {resources: {requests: {storage: 1Gi}}}
`

test('a disk does not leave a rule by label through a commit that takes the label off and another one that deletes it', async (t) => {
  const world = await openApprovalWorld(t, 'approvals: {rules: [{matchLabels: {tier: prod}, from: restart, count: 1}]}')
  const { author, approver } = world.people
  world.commit(author, { 'data.yaml': disk(', labels: {tier: prod}') })
  const key = 'DataVolume/default/data'
  await until('the disk', () => world.host().world.state.volumes[key]?.phase === 'Succeeded', soon)

  await t.test('as taking it off waits itself', async () => {
    world.commit(author, { 'data.yaml': disk() })
    const [change] = (await untilHeld(world, 1)).changes
    assert.deepEqual([change?.action, change?.disruption, change?.covers], ['update', 'none', ['takes off the label tier=prod']])
    assert.match((await world.gitvirt('plan')).stdout, /an approval also: takes off the label tier=prod/)
    assert.match((await world.gitvirt('describe', 'dv', 'data')).stdout, /takes off the label tier=prod, by which a rule goes/)
  })

  await t.test('and the deletion waits by what the host keeps, also after a restart', async () => {
    world.commit(author, { 'data.yaml': null })
    await until('the deletion', async () => (await untilHeld(world, 1)).changes[0]?.action === 'delete', soon)
    await world.restart()
    const { changes, signing } = await untilHeld(world, 1)
    assert.deepEqual(
      changes.map(({ action, blocked }) => [action, blocked.map(({ reason }) => reason)]),
      [['delete', ['ApprovalRequired']]],
    )
    assert.equal(quarantined(world), 0)
    world.approve(approver, signing?.token ?? '')
    await until('it is out of reach', () => quarantined(world) === 1, soon)
  })
})
