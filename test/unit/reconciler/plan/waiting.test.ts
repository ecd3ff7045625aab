import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { carryOut, desiredView, guestSpec, input, machine, node, observedView, volume } from './support.ts'

const nodes = [node('h1')]
const keep = machine('keep', { guest: guestSpec({ volumes: [] }) })
const other = volume('root', { url: 'http://images/other.qcow2' })

function planned(objects: readonly DesiredObject[], world: readonly Sighting[], keys?: readonly string[]): ReturnType<typeof plan> {
  return plan(input(desiredView(objects), observedView(nodes, world), keys === undefined ? {} : { keys: keys as never }))
}

function worldOf(objects: readonly DesiredObject[], before: readonly Sighting[] = []): Sighting[] {
  return carryOut([forNode(planned(objects, before), 'h1')], before)
}

/** A host that has the disk in quarantine. */
const quarantined = worldOf([keep], worldOf([keep, volume('root')]))

describe('a machine whose disk cannot be made', () => {
  for (const keys of [undefined, ['VirtualMachine/default/vm'], ['DataVolume/default/root']]) {
    it(`waits with it and says why, where the pass looks at ${keys?.[0] ?? 'all'}`, () => {
      const made = planned([keep, machine('vm'), other], quarantined, keys)
      const [disk, vm] = ['DataVolume/', 'VirtualMachine/'].map((kind) => made.changes.find(({ key }) => key.startsWith(kind)))
      assert.equal(disk?.blocked[0]?.reason, 'Conflict')
      assert.equal(vm?.blocked[0]?.reason, 'WaitingForDependency')
      assert.match(vm?.blocked[0]?.message ?? '', /^It waits for DataVolume\/default\/root, which waits itself: A disk of this name/)
      assert.equal(vm?.blocked[0]?.unblock, disk?.blocked[0]?.unblock)
      assert.deepEqual(forNode(made, 'h1').changes, [])
    })
  }

  it('goes on when the disk may be made', () => {
    const made = planned([keep, machine('vm'), volume('root')], quarantined)
    assert.deepEqual(
      made.changes.map(({ blocked }) => blocked),
      [[], []],
    )
  })

  it('waits for no change of a disk that is there', () => {
    const world = worldOf([machine('vm'), volume('root', { size: '2Gi' })])
    const more = guestSpec()
    more.domain.memory = { guest: '2Gi' }
    const made = planned([machine('vm', { guest: more }), volume('root', { size: '1Gi' })], world)
    const [disk, vm] = ['DataVolume/', 'VirtualMachine/'].map((kind) => made.changes.find(({ key }) => key.startsWith(kind)))
    assert.ok((disk?.blocked.length ?? 0) > 0)
    assert.deepEqual(
      vm?.blocked.map(({ reason }) => reason),
      ['DisruptionNotAllowed'],
    )
  })
})
