import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { DisruptionClass } from '../../../../schemas/generated/plan.ts'
import type { DesiredObject, DesiredView } from '../../../../reconciler/desired/types.ts'
import { digestOf } from '../../../../reconciler/lib/digest.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { desiredView, fleet, guestSpec, input, machine, observedView, plain, volume } from './support.ts'
import { nodes, revision, settle, withFleet, worldOf } from './worlds.ts'

/** As the cache of observations hands them out. */
function printed(world: readonly Sighting[]): Sighting[] {
  return world.map(({ node, object }) => ({ node, object, print: digestOf(object) }))
}

/** A view that fails when the body of a machine or a disk is read. */
function sealed(view: DesiredView): DesiredView {
  const seal = (object: DesiredObject | undefined): DesiredObject | undefined => {
    if (object?.kind !== 'VirtualMachine' && object?.kind !== 'DataVolume') return object
    return Object.defineProperty({ ...object }, 'object', { get: () => assert.fail(`the body of ${object.key} was read`) })
  }
  return { ...view, get: (key) => seal(view.get(key)) }
}

/** What may be otherwise in the next pass; most of it stays, so that much is settled when something changes. */
const step = fc.record({
  objects: fc.option(revision, { nil: undefined, freq: 4 }),
  unattended: fc.constantFrom<DisruptionClass>('migrate', 'migrate', 'migrate', 'restart'),
  fast: fc.constantFrom(undefined, undefined, undefined, 'raw', 'qcow2'),
  password: fc.constantFrom('one', 'two'),
  salt: fc.constantFrom('salt', 'salt', 'salt', 'other', undefined),
  broken: fc.subarray(['VirtualMachine/default/a', 'DataVolume/default/b-root', 'Secret/default/seed'], { maxLength: 1 }),
  lost: fc.subarray(['VirtualMachine/default/a', 'VirtualMachine/default/b', 'DataVolume/default/a-root'], { maxLength: 1 }),
  away: fc.boolean(),
  carriedOut: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function desiredOf(objects: readonly DesiredObject[], { unattended, fast, password, broken }: Step): DesiredView {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' }
  const classes =
    fast === undefined
      ? []
      : [plain('StorageClass', 'fast', { provisioner: 'gitvirt.io/dir', parameters: { path: `/${fast}` }, metadata: { annotations } })]
  const secret = plain('Secret', 'seed', { stringData: { userdata: password } })
  const others = objects.filter(({ key }) => key !== secret.key)
  return desiredView([...withFleet(others, unattended), secret, ...classes], { keys: broken })
}

/** What hosts tell while some of their domains are gone and some images are not finished. */
function seen(world: readonly Sighting[], lost: readonly string[]): Sighting[] {
  return world.map(({ node, object }) => {
    if (!lost.includes(object.key)) return { node, object }
    if (object.kind === 'VirtualMachine') return { node, object: { ...object, state: 'undefined' } }
    return object.kind === 'DataVolume' ? { node, object: { ...object, quarantined: { since: '', until: '' } } } : { node, object }
  })
}

describe('settled objects', () => {
  it('leave every plan as it is without them, whatever changes from pass to pass', () => {
    fc.assert(
      fc.property(revision, fc.array(step, { minLength: 2, maxLength: 6 }), (first, steps) => {
        const settled = new Map<string, string>()
        let objects: readonly DesiredObject[] = first
        let { world } = worldOf(first)
        for (const one of steps) {
          objects = one.objects ?? objects
          const desired = desiredOf(objects, one)
          if (one.carriedOut) world = settle(desired, world).world
          const view = observedView(
            nodes.map((node) => ({ ...node, connected: !one.away })),
            printed(seen(world, one.lost)),
          )
          const { inputSalt: _salt, ...given } = input(desired, view)
          const salted = one.salt === undefined ? given : { ...given, inputSalt: one.salt }
          for (let round = 0; round < 2; round += 1) assert.deepEqual(plan({ ...salted, settled }), plan(salted))
        }
      }),
      { numRuns: 400 },
    )
  })

  it('are passed over without reading what they are', () => {
    const objects = [machine('web'), volume('root')]
    const desired = desiredView(withFleet(objects, 'migrate'))
    const view = observedView(nodes, printed(settle(desired).world))
    const settled = new Map<string, string>()
    plan({ ...input(desired, view), settled })
    assert.deepEqual([...settled.keys()].sort(), ['DataVolume/default/root', 'VirtualMachine/default/web'])
    assert.deepEqual(plan({ ...input(sealed(desired), view), settled }).changes, [])
  })

  it('no longer are when anything about them needs something', () => {
    const settled = new Map<string, string>()
    const objects = [machine('web'), volume('root')]
    const desired = desiredView(withFleet(objects, 'migrate'))
    const world = printed(worldOf(objects).world)
    plan({ ...input(desired, observedView(nodes, world)), settled })
    const grown = desiredView(withFleet([machine('web'), volume('root', { size: '2Gi' })], 'migrate'))
    assert.equal(plan({ ...input(grown, observedView(nodes, world)), settled }).changes.length, 1)
    assert.deepEqual([...settled.keys()], ['VirtualMachine/default/web'])
  })

  it('no longer are when the policy lets a machine have other folders of its host', () => {
    const disks = [{ name: 'host', disk: { bus: 'virtio' as const } }]
    const guest = guestSpec({
      domain: { memory: { guest: '1Gi' }, devices: { disks } },
      volumes: [{ name: 'host', hostDisk: { path: '/srv/a.img', type: 'Disk' } }],
    })
    const allowing = (path: string): DesiredView => desiredView([fleet({ hostDisk: { allowedPaths: [path] } }), machine('web', { guest })])
    const settled = new Map<string, string>()
    const view = observedView(nodes, printed(settle(allowing('/srv')).world))
    assert.deepEqual(plan({ ...input(allowing('/srv'), view), settled }).changes, [])
    assert.deepEqual([...settled.keys()], ['VirtualMachine/default/web'])
    const other = input(allowing('/srv/images'), view)
    assert.deepEqual(plan({ ...other, settled }), plan(other))
    assert.equal(plan(other).changes.length, 1)
  })
})
