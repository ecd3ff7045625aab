import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { approvalsFor } from '../../../../reconciler/plan/approve.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import type { PlanInput } from '../../../../reconciler/plan/types.ts'
import { carryOut, desiredView, fleet, guestSpec, input, machine, network, node, observedView, volume, type Unknown } from './support.ts'

const nodes = [node('h1')]
const keep = machine('keep', { guest: guestSpec({ volumes: [] }) })

function worldOf(objects: readonly DesiredObject[]): Sighting[] {
  return carryOut([forNode(plan(input(desiredView(objects), observedView(nodes))), 'h1')], [])
}

function planFor(
  world: readonly Sighting[],
  objects: readonly DesiredObject[],
  rest: Partial<PlanInput> & { unknown?: Unknown } = {},
): ReturnType<typeof plan> {
  const { unknown, ...others } = rest
  return plan(input(desiredView(objects, unknown), observedView(nodes, world), others))
}

const open: FleetSpec = { prune: { maxCount: 100, maxPercent: 100 } }

describe('deletion', () => {
  it('stops and undefines the machine first, then puts its disk into quarantine', () => {
    const world = worldOf([keep, machine('vm'), volume('root')])
    const first = planFor(world, [keep])
    const sent = forNode(first, 'h1')
    assert.deepEqual(
      sent.changes.flatMap(({ steps }) => steps.map(({ verb }) => verb)),
      ['StopDomain', 'UndefineDomain'],
    )
    assert.equal(first.changes.find(({ key }) => key.startsWith('DataVolume'))?.blocked[0]?.reason, 'WaitingForDependency')
    const next = planFor(carryOut([sent], world), [keep], { keys: ['VirtualMachine/default/vm'] })
    assert.deepEqual(
      next.changes.flatMap(({ steps }) => steps.map(({ verb, until }) => [verb, until])),
      [['QuarantineVolume', '2026-01-09T03:04:05.000Z']],
    )
  })

  it('keeps a disk for as long as its annotation says', () => {
    const world = worldOf([keep, volume('root', { annotations: { 'gitvirt.io/quarantine': '1h30m' } })])
    assert.equal(planFor(world, [keep]).changes[0]?.steps[0]?.until, '2026-01-02T04:34:05.000Z')
  })

  it('names the same deletion the same at another time, so that a person can approve it', () => {
    const world = worldOf([keep, volume('root')])
    const later = planFor(world, [keep], { now: new Date('2026-01-02T03:04:09Z') })
    assert.notEqual(later.changes[0]?.steps[0]?.until, planFor(world, [keep]).changes[0]?.steps[0]?.until)
    assert.equal(later.id, planFor(world, [keep]).id)
  })

  it('brings the same disk back from quarantine, and no other one', () => {
    const world = worldOf([keep, volume('root')])
    const gone = carryOut([forNode(planFor(world, [keep]), 'h1')], world)
    const [back] = planFor(gone, [keep, volume('root')]).changes
    assert.deepEqual([back?.action, back?.steps.map(({ verb }) => verb), back?.blocked], ['create', ['RestoreVolume'], []])
    const [other] = planFor(gone, [keep, volume('root', { url: 'http://images/other.qcow2' })]).changes
    assert.equal(other?.blocked[0]?.reason, 'Conflict')
    const [larger] = planFor(gone, [keep, volume('root', { size: '2Gi' })]).changes
    assert.deepEqual(
      larger?.steps.map(({ verb }) => verb),
      ['RestoreVolume', 'ResizeVolume'],
    )
  })

  it('leaves a quarantined disk to its time', () => {
    const world = worldOf([keep, volume('root')])
    const gone = carryOut([forNode(planFor(world, [keep]), 'h1')], world)
    assert.deepEqual(planFor(gone, [keep]).changes, [])
  })

  it('never takes a disk that a machine in Git still uses', () => {
    const world = worldOf([keep, machine('vm'), volume('root')])
    const change = planFor(world, [keep, machine('vm')]).changes.find(({ key }) => key.startsWith('DataVolume'))
    assert.equal(change?.blocked[0]?.reason, 'Conflict')
  })

  it('leaves alone what its file no longer tells', () => {
    const world = worldOf([keep, machine('vm'), volume('root')])
    const error = { severity: 'error' as const, code: 'YamlSyntax', message: 'bad indent', path: 'vm.yaml', line: 3, column: 5 }
    const made = planFor(world, [keep], { unknown: { paths: ['vm.yaml', 'root.yaml'], errors: [error] } })
    assert.deepEqual(made.changes, [])
    assert.match(made.findings.find(({ key }) => key.endsWith('/vm'))?.message ?? '', /vm\.yaml:3:5: bad indent/)
  })

  it('honours prune: disabled on the applied object', () => {
    const world = worldOf([keep, machine('vm', { guest: guestSpec({ volumes: [] }), annotations: { 'gitvirt.io/prune': 'disabled' } })])
    const made = planFor(world, [keep])
    assert.deepEqual(made.changes, [])
    assert.equal(made.findings[0]?.code, 'PruneProtected')
  })

  it('blocks all deletions when nothing is left in Git, until they are approved', () => {
    const world = worldOf([volume('root')])
    const made = planFor(world, [])
    assert.equal(made.changes[0]?.blocked[0]?.reason, 'PruneThreshold')
    assert.deepEqual(forNode(made, 'h1').changes, [])
    const approvals = approvalsFor(made, { plan: made.id, by: 'operator', at: 'now' })
    assert.deepEqual(planFor(world, [], { approvals }).changes[0]?.blocked, [])
  })

  it('keeps the approval of a deletion that was cut short after its first step', () => {
    const world = worldOf([machine('vm', { guest: guestSpec({ volumes: [] }) })])
    const made = planFor(world, [])
    const approvals = approvalsFor(made, { plan: made.id, by: 'operator', at: 'now' })
    const sent = forNode(planFor(world, [], { approvals }), 'h1')
    const cut = { ...sent, changes: sent.changes.map((change) => ({ ...change, steps: change.steps.slice(0, 1) })) }
    const [left] = planFor(carryOut([cut], world), [], { approvals }).changes
    assert.deepEqual([left?.steps.map(({ verb }) => verb), left?.blocked], [['UndefineDomain'], []])
  })

  it('blocks deletions until they are approved while Git holds an unreadable file that nothing applied comes from', () => {
    const world = worldOf([keep, volume('root')])
    const unknown = { paths: ['moved.yaml'] }
    const made = planFor(world, [keep], { unknown })
    assert.equal(made.changes[0]?.blocked[0]?.reason, 'PruneThreshold')
    assert.match(made.changes[0]?.blocked[0]?.message ?? '', /moved\.yaml cannot be read/)
    const approvals = approvalsFor(made, { plan: made.id, by: 'operator', at: 'now' })
    assert.deepEqual(planFor(world, [keep], { unknown, approvals }).changes[0]?.blocked, [])
  })

  it('takes a link or submodule that is no manifest for what it is', () => {
    const world = worldOf([keep, volume('root')])
    assert.deepEqual(planFor(world, [keep], { unknown: { paths: ['docs', 'vendor/tools'] } }).changes[0]?.blocked, [])
  })

  it('lets deletions through beside an unreadable file whose own objects are applied', () => {
    const world = worldOf([keep, volume('root'), volume('other', { path: 'web/other.yaml' })])
    for (const path of ['web/other.yaml', 'web']) {
      assert.deepEqual(planFor(world, [keep], { unknown: { paths: [path], keys: ['DataVolume/default/other'] } }).changes[0]?.blocked, [])
    }
  })

  it('keeps a disk for a hundred years at most', () => {
    const world = worldOf([keep, volume('root', { annotations: { 'gitvirt.io/quarantine': '100000000d' } })])
    assert.equal(planFor(world, [keep]).changes[0]?.steps[0]?.until?.slice(0, 4), '2126')
    const plain = worldOf([keep, volume('root')])
    const left = [fleet({ prune: { quarantine: '99999999999999h' } }), keep]
    assert.equal(planFor(plain, left).changes[0]?.steps[0]?.until?.slice(0, 4), '2126')
  })

  for (const [name, value] of [
    ['gitvirt.io/quarantine', '4w'],
    ['gitvirt.io/prune', 'Disabled'],
  ] as const) {
    it(`blocks a deletion until it is approved where nobody can read ${name}`, () => {
      const world = worldOf([keep, volume('root', { annotations: { [name]: value } })])
      const made = planFor(world, [keep])
      assert.deepEqual(
        made.changes[0]?.blocked.map(({ reason }) => reason),
        ['PruneThreshold'],
      )
      assert.match(made.changes[0]?.blocked[0]?.message ?? '', new RegExp(value))
      const approvals = approvalsFor(made, { plan: made.id, by: 'operator', at: 'now' })
      assert.deepEqual(planFor(world, [keep], { approvals }).changes[0]?.blocked, [])
    })
  }

  const many = Array.from({ length: 12 }, (_, index) => volume(`v${index}`))
  const limits: [string, FleetSpec, RegExp][] = [
    ['maxCount', { prune: { maxCount: 2, maxPercent: 100 } }, /3 machines and volumes would be deleted; spec\.prune\.maxCount is 2/],
    ['maxPercent', { prune: { maxPercent: 20 } }, /3 of 13 machines and volumes \(23 %\)/],
    ['maxBytes', { prune: { ...open.prune, maxBytes: '2Ki' } }, /3KiB of disks/],
    ['enabled', { prune: { enabled: false } }, /spec\.prune\.enabled is false/],
  ]
  for (const [name, spec, message] of limits) {
    it(`blocks deletions above spec.prune.${name}, also when only one key is looked at`, () => {
      const world = worldOf([keep, ...many])
      const left = [fleet(spec), keep, ...many.slice(3)]
      assert.equal(planFor(world, left).summary.blocked, 3)
      const [one] = planFor(world, left, { keys: ['DataVolume/default/v0'] }).changes
      assert.match(one?.blocked[0]?.message ?? '', message)
    })
  }

  it('lets deletions below the limits through', () => {
    const world = worldOf([keep, ...many])
    assert.equal(planFor(world, [keep, ...many.slice(3)]).summary.blocked, 0)
  })

  it('forgets a network policy and says that nothing is reverted', () => {
    const world = worldOf([keep, network('net')])
    const [change] = planFor(world, [keep]).changes
    assert.deepEqual([change?.action, change?.steps[0]?.verb, change?.disruption], ['delete', 'ForgetNetworkPolicy', 'none'])
    assert.match(change?.notes[0] ?? '', /state: absent/)
  })

  describe('of a machine whose record on its host is lost', () => {
    const lost = (): Sighting[] =>
      worldOf([keep, machine('vm'), volume('root')]).map((one) => {
        if (one.object.key !== 'VirtualMachine/default/vm' || one.object.kind !== 'VirtualMachine') return one
        const { applied: _applied, booted: _booted, ...object } = one.object
        return { ...one, object: { ...object, digest: 'bare' } }
      })
    const isVm = ({ key }: { readonly key: string }): boolean => key === 'VirtualMachine/default/vm'

    it('waits for a person, and says why', () => {
      const made = planFor(lost(), [keep])
      const change = made.changes.find(isVm)
      assert.match(change?.blocked.map(({ message }) => message).join() ?? '', /record on h1 is lost.*which file it came from/)
      assert.deepEqual(forNode(made, 'h1').changes, [])
    })

    it('is carried out by its mark once it is approved, and the disk goes after it', () => {
      const first = planFor(lost(), [keep])
      const word = { plan: first.id, key: 'VirtualMachine/default/vm', by: 'operator', at: '2026-01-02T03:04:05Z' }
      const approvals = approvalsFor(first, word)
      const sent = forNode(planFor(lost(), [keep], { approvals }), 'h1')
      assert.deepEqual(
        sent.changes.flatMap(({ steps }) => steps.map(({ verb, graceSeconds }) => [verb, graceSeconds])),
        [
          ['StopDomain', 30],
          ['UndefineDomain', undefined],
        ],
      )
      const after = lost().filter(({ object }) => !isVm(object))
      const next = forNode(planFor(after, [keep], { keys: ['VirtualMachine/default/vm'] }), 'h1')
      assert.deepEqual(
        next.changes.flatMap(({ steps }) => steps.map(({ verb }) => verb)),
        ['QuarantineVolume'],
      )
    })

    it('keeps every disk on the host where it is: nobody knows which ones the machine has', () => {
      const disk = planFor(lost(), [keep]).changes.find(({ key }) => key === 'DataVolume/default/root')
      assert.match(disk?.blocked.map(({ message }) => message).join() ?? '', /VirtualMachine\/default\/vm may have the disk/)
    })
  })
})
