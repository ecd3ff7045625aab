import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import type { Suspension } from '../../../../reconciler/plan/types.ts'
import { desiredView, input, machine, network, node, now, observedView, plain, volume } from './support.ts'

const nodes = [node('h1')]
const by = { by: 'operator', reason: 'work', at: '2026-01-02T03:00:00.000Z' }

function planned(objects: readonly DesiredObject[], suspensions: readonly Suspension[] = [], time = now) {
  return plan(input(desiredView(objects), observedView(nodes), { suspensions, now: time }))
}

test('a suspension tells who, what, why and until when, and wakes the plan at its end', () => {
  const until = '2026-01-02T05:00:00.000Z'
  const [change] = planned([volume('disk')], [{ key: 'DataVolume/default/disk', ...by, until }]).changes
  assert.deepEqual(change?.blocked, [
    {
      reason: 'Suspended',
      message: 'operator suspended DataVolume/default/disk at 2026-01-02T03:00:00.000Z until 2026-01-02T05:00:00.000Z: work',
      unblock: 'Wait, or resume DataVolume/default/disk.',
      until,
    },
  ])
})

test('a suspension ends at its time, not before', () => {
  const suspensions = [{ key: 'DataVolume/default/disk', ...by, until: '2026-01-02T05:00:00.000Z' }]
  assert.equal(planned([volume('disk')], suspensions, new Date('2026-01-02T04:59:59.999Z')).changes[0]?.blocked.length, 1)
  assert.equal(planned([volume('disk')], suspensions, new Date('2026-01-02T05:00:00.000Z')).changes[0]?.blocked.length, 0)
})

test('a suspended host gets no steps while the others go on', () => {
  const view = observedView([node('h1'), node('h2')])
  const made = plan(input(desiredView([network('bridge')]), view, { suspensions: [{ key: 'Node//h1', ...by }] }))
  assert.deepEqual(
    made.changes.map((change) => [change.node, change.blocked[0]?.message]),
    [
      ['h1', 'operator suspended Node/h1 at 2026-01-02T03:00:00.000Z: work'],
      // One host at a time; it is the suspended one that takes no place.
      ['h2', undefined],
    ],
  )
  assert.deepEqual([forNode(made, 'h1').changes.length, forNode(made, 'h2').changes.length], [0, 1])
})

test('a suspended machine holds back the disks that its templates make', () => {
  const owned = volume('disk', { ownerKey: 'VirtualMachine/default/vm' })
  const made = planned([machine('vm'), owned, volume('other')], [{ key: 'VirtualMachine/default/vm', ...by }])
  const held = made.changes.filter(({ blocked }) => blocked.some(({ reason }) => reason === 'Suspended')).map(({ key }) => key)
  assert.deepEqual(held, ['DataVolume/default/disk', 'VirtualMachine/default/vm'])
})

for (const [what, key] of [
  ['its namespace', 'Namespace//default'],
  ['the environment', 'Fleet//*'],
] as const) {
  test(`an object is held back by the suspension of ${what}`, () => {
    assert.equal(planned([volume('disk')], [{ key, ...by }]).changes[0]?.blocked[0]?.reason, 'Suspended')
  })
}

test('Git suspends an object and a host by an annotation whose value is the reason', () => {
  const annotations = { 'gitvirt.io/suspend': 'copied by hand' }
  const [own] = planned([volume('disk', { annotations })]).changes
  assert.deepEqual(own?.blocked, [
    {
      reason: 'Suspended',
      message: 'Git suspends DataVolume/default/disk (annotation gitvirt.io/suspend): copied by hand',
      unblock: 'Take the annotation gitvirt.io/suspend out of DataVolume/default/disk in Git.',
    },
  ])
  const [onHost] = planned([volume('disk'), plain('Node', 'h1', { metadata: { annotations } })]).changes
  assert.match(onHost?.blocked[0]?.message ?? '', /^Git suspends Node\/h1 /)
})

test('the annotation itself is no change of the object on its host', () => {
  const made = planned([volume('disk', { annotations: { 'gitvirt.io/suspend': 'work', other: 'kept' } })])
  assert.deepEqual(made.changes[0]?.steps[0]?.volume?.annotations, { other: 'kept' })
})

test('a request cannot lift a suspension of the tracked branch by taking its annotation out', () => {
  const tracked = desiredView([volume('disk', { annotations: { 'gitvirt.io/suspend': 'work' } })])
  const made = plan({ ...input(desiredView([volume('disk')]), observedView(nodes)), policyFrom: tracked })
  assert.equal(made.changes[0]?.blocked[0]?.reason, 'Suspended')
})

for (const place of ['Namespace//default', 'Node//h1']) {
  test(`a manifest of ${place} that cannot be read lifts no suspension: what is there is held, and told why`, () => {
    const view = desiredView([volume('disk')], { keys: [place] })
    const name = place.replace('//', '/')
    assert.deepEqual(plan(input(view, observedView(nodes))).changes[0]?.blocked, [
      {
        reason: 'Suspended',
        message: `What Git says of ${name} cannot be read, so nobody can tell whether it is suspended.`,
        unblock: `Mend the manifest of ${name} in Git.`,
      },
    ])
  })
}

test('a changed Namespace plans what is in it again, in Git and on hosts, and nothing else', () => {
  const view = desiredView([volume('disk')])
  const planFor = (key: string) => plan(input(view, observedView(nodes), { keys: [key] })).changes.map((one) => one.key)
  assert.deepEqual([planFor('Namespace//default'), planFor('Namespace//other')], [['DataVolume/default/disk'], []])
})
