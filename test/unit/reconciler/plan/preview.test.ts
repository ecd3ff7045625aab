import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { imageKey } from '../../../../reconciler/lib/image-key.ts'
import type { NodeImpact } from '../../../../reconciler/plan/impact.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { intentOf, preview, type Preview } from '../../../../reconciler/plan/preview.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import {
  carryOut,
  desiredView,
  fleet,
  guestSpec,
  input,
  machine,
  network,
  node,
  now,
  observedView,
  volume,
  type Unknown,
} from './support.ts'

const large = guestSpec({ domain: { ...guestSpec().domain, memory: { guest: '4Gi' } } })
const host = node('h1', { facts: { pools: [{ name: 'local', path: '/p', capacityBytes: 2 ** 40, availableBytes: 2 ** 31 }] } })

/** A host on which these objects are applied. */
function applied(objects: readonly DesiredObject[]): Sighting[] {
  let seen: Sighting[] = []
  // Disks first, machines with the next plan.
  for (let pass = 0; pass < 3; pass += 1)
    seen = carryOut([forNode(plan(input(desiredView(objects), observedView([host], seen))), 'h1')], seen)
  return seen
}

type Branches = { readonly tracked: readonly DesiredObject[]; readonly merged: readonly DesiredObject[]; readonly unknown?: Unknown }

function previewOf({ tracked, merged, unknown }: Branches, running: readonly DesiredObject[] = tracked): Preview {
  return preview({
    tracked: desiredView(tracked),
    merged: desiredView(merged, unknown),
    observed: observedView([host], applied(running)),
    approvals: [],
    suspensions: [],
    now,
    inputSalt: 'salt',
  })
}

const disk = volume('root')

/** A guest on a bridge of its host. */
function plugged(bridge: string): ReturnType<typeof guestSpec> {
  const guest = structuredClone(guestSpec())
  guest.networks = [{ name: 'net', multus: { networkName: bridge } }]
  guest.domain.devices.interfaces = [{ name: 'net', bridge: {} }]
  return guest
}

describe('preview', () => {
  it('is empty where merging changes nothing', () => {
    const { plan: made, pending, impact, errors } = previewOf({ tracked: [disk, machine('vm')], merged: [disk, machine('vm')] })
    assert.deepEqual([made.changes, pending, impact, errors], [[], [], [], []])
  })

  it('shows what merging does to the guest that runs, and what it means to its host', () => {
    const { plan: made, impact } = previewOf({
      tracked: [disk, machine('vm')],
      merged: [disk, machine('vm', { guest: large }), volume('data', { size: '1Ti' })],
    })
    assert.deepEqual(
      made.changes.map(({ key, disruption }) => [key, disruption]),
      [
        ['DataVolume/default/data', 'none'],
        ['VirtualMachine/default/vm', 'restart'],
      ],
    )
    const [one] = impact
    assert.deepEqual(one?.restarts, ['VirtualMachine/default/vm'])
    assert.equal((one?.after.memoryBytes ?? 0) - (one?.before.memoryBytes ?? 0), 3 * 2 ** 30)
    assert.deepEqual(one?.pools, [{ name: 'local', neededBytes: 2 ** 40, availableBytes: 2 ** 31 }])
  })

  it('tells what waits on the tracked branch anyway from what merging adds', () => {
    const tracked = [disk, machine('vm', { guest: large })]
    const { pending, impact, plan: made } = previewOf({ tracked, merged: [...tracked, network('net')] }, [disk, machine('vm')])
    assert.deepEqual(pending, ['VirtualMachine/default/vm'])
    assert.equal(made.changes.length, 2)
    assert.deepEqual(impact[0]?.restarts, [])
    assert.deepEqual(impact[0]?.networks, ['NodeNetworkConfigurationPolicy//net'])
  })

  it('tells of each host which images it keeps or must download, and which bridges it has', () => {
    const url = 'https://images.example.org/a.qcow2'
    const image = (name: string, from: string): DesiredObject => {
      const made = volume(name)
      assert.ok(made.kind === 'DataVolume')
      return { ...made, object: { ...made.object, spec: { ...made.object.spec, source: { http: { url: from } } } } }
    }
    const kept = (from: string, bytes: number) => ({ key: imageKey({ url: from }, 'default'), pool: 'local', bytes })
    const here = node('h1', { facts: { images: [kept(url, 5)], interfaces: [{ name: 'br0', type: 'linux-bridge', up: true }] } })
    const other = node('h2', { connected: false, facts: { images: [kept(`${url}.other`, 7)] } })
    const merged = [
      image('a', url),
      image('b', `${url}.other`),
      image('c', `${url}.new`),
      network('net', { bridge: 'br2' }),
      ...['br0', 'br2'].map((bridge) => machine(bridge, { guest: plugged(bridge) })),
    ]
    const around = { approvals: [], suspensions: [], now, inputSalt: 'salt' }
    const made = preview({ ...around, tracked: desiredView([]), merged: desiredView(merged), observed: observedView([here, other]) })
    const one = made.impact.find((impact) => impact.node === 'h1')
    assert.deepEqual(one?.images, [
      { volume: 'DataVolume/default/a', state: 'kept', bytes: 5 },
      { volume: 'DataVolume/default/b', state: 'download', bytes: 7 },
      { volume: 'DataVolume/default/c', state: 'download' },
    ])
    assert.deepEqual(
      one?.bridges.map(({ name, state }) => [name, state]),
      [
        ['br0', 'present'],
        ['br2', 'planned'],
      ],
    )
  })

  it('says which bridge of a machine that stays is missing on its host, or goes', () => {
    const merged = (bridge: string): NodeImpact['bridges'] =>
      previewOf({ tracked: [disk, machine('vm')], merged: [disk, machine('vm', { guest: plugged(bridge) })] })['impact'].flatMap(
        ({ bridges }) => bridges,
      )
    assert.deepEqual(merged('br9'), [{ name: 'br9', machines: ['VirtualMachine/default/vm'], state: 'missing' }])
  })

  it('judges a request by the policy that is tracked, and says that another one comes', () => {
    const strict = fleet({ disruption: { unattended: 'none' } })
    const loose = fleet({ disruption: { unattended: 'data-loss' } })
    const { plan: made, policyChanges } = previewOf({
      tracked: [strict, disk, machine('vm')],
      merged: [loose, disk, machine('vm', { guest: large })],
    })
    assert.equal(policyChanges, true)
    assert.deepEqual(
      made.changes[0]?.blocked.map(({ reason }) => reason),
      ['DisruptionNotAllowed'],
    )
  })

  it('blocks a mass deletion before it is merged', () => {
    const many = Array.from({ length: 12 }, (_, index) => volume(`d${index}`))
    const { plan: made, impact } = previewOf({ tracked: many, merged: many.slice(0, 1) })
    assert.equal(made.summary.delete, 11)
    assert.ok(made.changes.every(({ blocked }) => blocked.some(({ reason }) => reason === 'PruneThreshold')))
    assert.equal(impact[0]?.quarantinedBytes, 11 * 1024)
  })

  it('names the faults that the request brings, and no others', () => {
    const fault = { severity: 'error', code: 'YamlSyntax', message: 'bad', path: 'x.yaml', line: 3, column: 1 } as const
    const { errors } = previewOf({ tracked: [disk], merged: [disk], unknown: { paths: ['x.yaml'], errors: [fault] } })
    assert.deepEqual(errors, [fault])
  })

  it('has an intent that the plan after the merge has too', () => {
    const tracked = [disk, machine('vm')]
    const merged = [disk, machine('vm', { guest: large })]
    const observed = observedView([host], applied(tracked))
    const after = plan(input({ ...desiredView(merged), revision: 'merged' }, observed))
    const { intent } = previewOf({ tracked, merged })
    assert.equal(intent, intentOf(after.changes))
    assert.notEqual(intent, intentOf([]))
  })
})
