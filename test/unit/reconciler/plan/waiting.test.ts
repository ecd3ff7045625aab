import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { carryOut, desiredView, fleet, guestSpec, input, machine, network, node, observedView, plain, volume } from './support.ts'

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

describe('a machine of which one need of several is held back', () => {
  const rules = { approvals: { rules: [{ matchLabels: { tier: 'prod' }, from: 'none' as const, count: 1 }] } }
  const prod = { labels: { tier: 'prod' } }
  const seed = plain('Secret', 'seed', { stringData: { userdata: 'x' } })
  const disks = guestSpec({
    volumes: [
      { name: 'root', dataVolume: { name: 'root' } },
      { name: 'data', dataVolume: { name: 'data' } },
      { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'seed' } } },
    ],
  })
  const bridged = guestSpec({ networks: [{ name: 'default', multus: { networkName: 'br9' } }] })
  const worlds: Readonly<Record<string, readonly DesiredObject[]>> = {
    'a disk': [fleet(rules), seed, machine('vm', { guest: disks }), volume('root'), volume('data', prod)],
    'a bridge': [fleet(rules), machine('vm', { guest: bridged }), volume('root'), network('net', { bridge: 'br9', ...prod })],
  }
  const keys = [
    'DataVolume/default/root',
    'DataVolume/default/data',
    'VirtualMachine/default/vm',
    'Secret/default/seed',
    'Namespace//default',
  ]
  for (const [what, objects] of Object.entries(worlds)) {
    it(`waits for ${what}, in whatever pass`, () => {
      // All that may be made is made.
      const world = worldOf(objects)
      const blocked = (made: ReturnType<typeof plan>): string[] =>
        (made.changes.find(({ key }) => key === 'VirtualMachine/default/vm')?.blocked ?? []).map(({ reason }) => reason)
      assert.deepEqual(blocked(planned(objects, world)), ['WaitingForDependency'])
      for (const key of keys.filter((one) => !one.startsWith('Secret/') || what === 'a disk')) {
        const made = planned(objects, world, [key])
        if (made.changes.some((one) => one.key === 'VirtualMachine/default/vm'))
          assert.deepEqual(blocked(made), ['WaitingForDependency'], key)
        assert.deepEqual(forNode(made, 'h1').changes, [], key)
      }
    })
  }
})
