import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import type { ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { Plan } from '../../../../schemas/generated/plan.ts'
import { carryOut, desiredView, fleet, guestSpec, input, machine, node, observedView, volume } from './support.ts'

const nodes = [node('h1')]
const open = fleet({ prune: { maxCount: 100, maxPercent: 100 } })

function planned(objects: readonly DesiredObject[], world: readonly Sighting[] = [], keys?: readonly string[]): Plan {
  return plan(input(desiredView(objects), observedView(nodes, world), keys === undefined ? {} : { keys: keys as never }))
}

function worldOf(objects: readonly DesiredObject[], before: readonly Sighting[] = []): Sighting[] {
  return carryOut([forNode(planned(objects, before), 'h1')], before)
}

const changeOf = (made: Plan, name: string): Plan['changes'][number] | undefined =>
  made.changes.find(({ key }) => key === `VirtualMachine/default/${name}`)
const blocksOf = (made: Plan, name: string): string[] =>
  (changeOf(made, name)?.blocked ?? []).map(({ reason, steps }) => (steps === undefined ? reason : `${reason} of some steps`))

describe('a disk that two machines name', () => {
  it('is given to the first that starts; the other waits', () => {
    const made = planned([machine('a'), machine('b'), volume('root')])
    assert.deepEqual(blocksOf(made, 'a'), [])
    assert.deepEqual(blocksOf(made, 'b'), ['Conflict'])
    assert.match(changeOf(made, 'b')?.blocked[0]?.message ?? '', /DataVolume\/default\/root is the disk of VirtualMachine\/default\/a too/)
  })

  it('stays with the guest that has it, whatever the names, and also where a pass looks at the other machine alone', () => {
    const world = worldOf([machine('b'), volume('root')])
    for (const keys of [undefined, ['VirtualMachine/default/a']]) {
      const made = planned([machine('a'), machine('b'), volume('root')], world, keys)
      assert.deepEqual(blocksOf(made, 'a'), ['Conflict'])
    }
  })

  it('goes to the other when the first is stopped in Git, which looks at the other too', () => {
    const both = [machine('a'), machine('b'), volume('root')]
    const world = worldOf(both, worldOf([machine('b'), volume('root')]))
    const off = [machine('a'), machine('b', { runStrategy: 'Halted' }), volume('root')]
    const later = worldOf([machine('b', { runStrategy: 'Halted' }), volume('root')], world)
    const made = planned(off, later, ['VirtualMachine/default/b'])
    assert.deepEqual(blocksOf(made, 'a'), [])
    assert.deepEqual(
      changeOf(made, 'a')?.steps.map(({ verb }) => verb),
      ['DefineDomain', 'StartDomain'],
    )
  })

  it('goes to the other after the first where one commit stops the first', () => {
    const world = worldOf([machine('b'), volume('root')])
    const made = planned([machine('a'), machine('b', { runStrategy: 'Halted' }), volume('root')], world)
    assert.deepEqual([blocksOf(made, 'a'), blocksOf(made, 'b')], [[], []])
    assert.ok(changeOf(made, 'a')?.after.includes('VirtualMachine/default/b'))
  })

  it('is given to no reader while another writes to it', () => {
    const reads = guestSpec()
    for (const disk of reads.domain.devices.disks ?? []) disk.disk = { bus: 'virtio', readonly: true }
    const world = worldOf([machine('b'), volume('root')])
    assert.deepEqual(blocksOf(planned([machine('a', { guest: reads }), machine('b'), volume('root')], world), 'a'), ['Conflict'])
    const both = planned([machine('a', { guest: reads }), machine('b', { guest: reads }), volume('root')])
    assert.deepEqual([blocksOf(both, 'a'), blocksOf(both, 'b')], [[], []])
  })

  it('is no matter where both share it', () => {
    const shared = guestSpec()
    for (const disk of shared.domain.devices.disks ?? []) disk.shareable = true
    const made = planned([machine('a', { guest: shared }), machine('b', { guest: shared }), volume('root')])
    assert.deepEqual([blocksOf(made, 'a'), blocksOf(made, 'b')], [[], []])
  })
})

describe('a disk that a guest lets go of', () => {
  const withData = (bus: 'virtio' | 'sata'): ReturnType<typeof guestSpec> => {
    const guest = guestSpec({ volumes: [{ name: 'data', dataVolume: { name: 'data' } }] })
    guest.domain.devices.disks = [{ name: 'data', disk: { bus } }]
    return guest
  }
  const without = (): ReturnType<typeof guestSpec> => {
    const guest = guestSpec({ volumes: [] })
    guest.domain.devices.disks = []
    return guest
  }
  const before = (bus: 'virtio' | 'sata'): Sighting[] =>
    worldOf([machine('b', { guest: withData(bus) }), machine('a', { guest: without() }), volume('data')])
  const after = [machine('b', { guest: without() }), machine('a', { guest: withData('virtio') }), volume('data')]

  it('goes to another in the same plan where it is unplugged', () => {
    const made = planned(after, before('virtio'))
    assert.deepEqual([blocksOf(made, 'a'), blocksOf(made, 'b')], [[], []])
    assert.ok(changeOf(made, 'a')?.after.includes('VirtualMachine/default/b'))
  })

  it('goes to one other only', () => {
    const world = worldOf([open, machine('old'), volume('root')])
    const made = planned([open, machine('a'), machine('b'), volume('root')], world)
    assert.deepEqual([blocksOf(made, 'a'), blocksOf(made, 'b')], [[], ['Conflict']])
    const unplugged = planned([...after, machine('c', { guest: withData('virtio') })], before('virtio'))
    assert.deepEqual([blocksOf(unplugged, 'a'), blocksOf(unplugged, 'c')], [[], ['Conflict']])
  })

  it('stays with a guest that is off between two runs, until Git or a person wants it off', () => {
    const running = worldOf([machine('b'), volume('root')])
    const off = (more: Partial<ObservedMachine> = {}): Sighting[] =>
      running.map((one) => {
        if (one.object.kind !== 'VirtualMachine') return one
        const { booted: _, startedAt: __, ...object } = one.object
        return { ...one, object: { ...object, state: 'off', ...more } }
      })
    const both = [machine('a'), machine('b'), volume('root')]
    assert.deepEqual(blocksOf(planned(both, off(), ['VirtualMachine/default/a']), 'a'), ['Conflict'])
    const stopped: Partial<ObservedMachine> = { power: { request: 'stop', at: 'now' } }
    assert.deepEqual(blocksOf(planned(both, off(stopped), ['VirtualMachine/default/a']), 'a'), [])
    const halted = planned([machine('a'), machine('b', { runStrategy: 'Halted' }), volume('root')], off())
    assert.deepEqual([blocksOf(halted, 'a'), changeOf(halted, 'a')?.after.includes('VirtualMachine/default/b')], [[], true])
    const gone = planned([open, machine('a'), volume('root')], off())
    assert.deepEqual(blocksOf(gone, 'a'), [])
  })

  it('stays with a guest that keeps it until its restart, also where a pass looks at the other machine alone', () => {
    const world = before('sata')
    assert.deepEqual(blocksOf(planned(after, world), 'a'), ['Conflict'])
    const waiting = worldOf([after[0] ?? open, machine('a', { guest: without() }), volume('data')], world)
    assert.deepEqual(blocksOf(planned(after, waiting, ['VirtualMachine/default/a']), 'a'), ['Conflict'])
  })
})

describe('a machine that takes over the disk of one that goes', () => {
  it('waits for it in the same plan', () => {
    const world = worldOf([open, machine('old'), volume('root')])
    const made = planned([open, machine('new'), volume('root')], world)
    assert.deepEqual(blocksOf(made, 'new'), [])
    assert.ok(changeOf(made, 'new')?.after.includes('VirtualMachine/default/old'))
  })

  it('is held back where that is', () => {
    const world = worldOf([open, machine('old'), volume('root')])
    const none = fleet({ prune: { maxCount: 0, maxPercent: 0 } })
    const made = planned([none, machine('new'), volume('root')], world)
    assert.equal(changeOf(made, 'old')?.blocked[0]?.reason, 'PruneThreshold')
    assert.match(changeOf(made, 'new')?.blocked[0]?.message ?? '', /^It waits for VirtualMachine\/default\/old, which waits itself: /)
  })
})

it('a disk does not grow while a guest has it that only reads it', () => {
  const reads = guestSpec()
  for (const disk of reads.domain.devices.disks ?? []) if (disk.name === 'root') disk.disk = { bus: 'virtio', readonly: true }
  const objects = (size: string): DesiredObject[] => [machine('vm', { guest: reads }), volume('root', { size })]
  const world = worldOf(objects('1Gi'))
  const disk = planned(objects('2Gi'), world).changes.find(({ key }) => key.startsWith('DataVolume/'))
  assert.deepEqual(
    disk?.blocked.map(({ reason, steps }) => [reason, steps?.length]),
    [['WaitingForDependency', 1]],
  )
  const off = [machine('vm', { guest: reads, runStrategy: 'Halted' }), volume('root', { size: '2Gi' })]
  const stopped = worldOf([machine('vm', { guest: reads, runStrategy: 'Halted' }), volume('root', { size: '1Gi' })], world)
  const later = planned(off, stopped).changes.find(({ key }) => key.startsWith('DataVolume/'))
  assert.deepEqual(later?.blocked, [])
})

it('a disk grows after the guest that only reads it goes in the same plan', () => {
  const reads = guestSpec()
  for (const disk of reads.domain.devices.disks ?? []) if (disk.name === 'root') disk.disk = { bus: 'virtio', readonly: true }
  const world = worldOf([open, machine('vm', { guest: reads }), volume('root')])
  const disk = planned([open, volume('root', { size: '2Gi' })], world).changes.find(({ key }) => key.startsWith('DataVolume/'))
  assert.deepEqual([disk?.blocked, disk?.after], [[], ['VirtualMachine/default/vm']])
})
