import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import type { ObservedView } from '../../../../reconciler/observed/types.ts'
import { conditionOf, type ApiObject } from '../../../../reconciler/status/api-object.ts'
import { awaitMs } from '../../../../reconciler/status/presence.ts'
import { createStatus, type Status } from '../../../../reconciler/status/status.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { atEnd } from '../../../at-end.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest, volumeManifest, volumeSeen, type Manifest } from '../../../fakes/views.ts'

const vmKey = 'VirtualMachine/default/demo'
const dvKey = 'DataVolume/default/demo-root'
const kinds = ['VirtualMachine', 'VirtualMachineInstance', 'DataVolume', 'PersistentVolumeClaim', 'Namespace', 'Node'] as const

/** A status over a store of its own, which can be restarted. */
function open(t: TestContext, see: (view: ObservedView) => ObservedView = (view) => view) {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-restart-'))
  let at = Date.parse('2026-03-01T00:00:00Z')
  const clock = { now: () => new Date(at), monotonic: () => at }
  const desired = fakeDesired()
  const observed = fakeObserved()
  const written: string[] = []
  let store: Store
  let status: Status
  const start = (): void => {
    const opened = openStore(dir, 'test')
    store = opened
    const objects = {
      ...opened.objects,
      put: (...args: Parameters<Store['objects']['put']>) => (written.push(args[0]), opened.objects.put(...args)),
    }
    status = createStatus({ store: { ...opened, objects }, clock, mostEvents: 50 })
  }
  start()
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    desired,
    observed,
    written,
    objects: () => status.objects,
    pass: (milliseconds: number) => (at += milliseconds),
    refresh: (keys?: readonly string[]) => status.refresh({ desired, observed: see(observed), ...(keys === undefined ? {} : { keys }) }),
    restart: () => {
      store.close()
      start()
    },
  }
}

type World = ReturnType<typeof open>

function running(t: TestContext): World {
  const world = open(t)
  world.desired.put(vmManifest('demo'), { references: [dvKey] })
  world.desired.put(volumeManifest('demo-root'), { owner: vmKey })
  world.observed.setNode('h1')
  world.observed.see('h1', machineSeen(vmManifest('demo')))
  world.observed.see('h1', volumeSeen(volumeManifest('demo-root')))
  world.refresh()
  return world
}

function served({ objects }: World): ApiObject[] {
  return kinds.flatMap((kind) => objects().list(kind))
}

describe('a restart of status', () => {
  it('writes nothing, raises nothing and serves the same where nothing changed', (t) => {
    const world = running(t)
    const before = served(world)
    const version = world.objects().resourceVersion()
    world.written.length = 0
    world.restart()
    world.refresh()
    assert.deepEqual(served(world), before)
    assert.equal(world.objects().resourceVersion(), version)
    assert.deepEqual(world.written, [])
  })

  it('serves what it knew before anything is planned', (t) => {
    const world = running(t)
    const before = world.objects().list('VirtualMachine')
    world.restart()
    assert.deepEqual(world.objects().list('VirtualMachine'), before)
    assert.deepEqual([...world.objects().summaries('VirtualMachine')], [['Running', 1]])
  })

  it('gives a node that was connected time to come back, and then tells of its loss', (t) => {
    const world = running(t)
    world.restart()
    world.observed.setNode('h1', { connected: false })
    world.refresh()
    const ready = (): unknown => conditionOf(world.objects().get('VirtualMachine', 'default', 'demo'), 'Ready')?.status
    assert.equal(ready(), 'True')
    assert.equal(conditionOf(world.objects().get('Node', '', 'h1'), 'Ready')?.status, 'True')
    world.pass(awaitMs)
    world.refresh([])
    assert.equal(ready(), 'Unknown')
    assert.notEqual(conditionOf(world.objects().get('Node', '', 'h1'), 'Ready')?.status, 'True')
  })

  it('tells at once of a node that came back and went again, and of one that was away before', (t) => {
    const world = running(t)
    const ready = (): unknown => conditionOf(world.objects().get('VirtualMachine', 'default', 'demo'), 'Ready')?.status
    world.restart()
    world.refresh()
    world.observed.setNode('h1', { connected: false })
    world.refresh([])
    assert.equal(ready(), 'Unknown')
    world.restart()
    world.refresh()
    assert.equal(ready(), 'Unknown')
  })

  it('tells watchers what an object was before, so that selectors see it leave', (t) => {
    const world = running(t)
    const version = world.objects().resourceVersion()
    world.restart()
    const { metadata, ...rest } = vmManifest('demo')
    world.desired.put({ ...rest, metadata: { ...metadata, labels: { app: 'other' } } }, { references: [dvKey] })
    world.refresh()
    const [event] = world.objects().since('VirtualMachine', version) ?? []
    assert.equal(event?.type, 'MODIFIED')
    assert.deepEqual([event.previous?.metadata.labels, event.object.metadata.labels], [{ app: 'demo' }, { app: 'other' }])
  })

  it('tells of objects that went while it was away', (t) => {
    const world = running(t)
    const version = world.objects().resourceVersion()
    world.restart()
    for (const key of [vmKey, dvKey]) {
      world.desired.remove(key)
      world.observed.lose('h1', key)
    }
    world.refresh()
    for (const kind of ['VirtualMachine', 'VirtualMachineInstance', 'DataVolume', 'PersistentVolumeClaim']) {
      assert.deepEqual(
        world
          .objects()
          .since(kind, version)
          ?.map(({ type }) => type),
        ['DELETED'],
      )
      assert.equal(world.objects().count(kind), 0)
    }
  })

  it('tells everything anew after a pass that could not be kept', (t) => {
    const world = running(t)
    world.observed.see('h1', machineSeen(vmManifest('demo'), { state: 'paused' }))
    const { written } = world
    const push = written.push
    written.push = () => {
      throw new Error('disk full')
    }
    assert.throws(() => world.refresh([vmKey]), /disk full/)
    written.push = push
    world.refresh([vmKey])
    world.restart()
    world.refresh()
    assert.deepEqual([...world.objects().summaries('VirtualMachine')], [['Paused', 1]])
    const [vm] = world.objects().list('VirtualMachine')
    assert.equal((vm?.status as { printableStatus: string } | undefined)?.printableStatus, 'Paused')
  })
})

const names = ['a', 'b'] as const
const name = fc.constantFrom(...names)
const act = fc.oneof(
  fc.record({ act: fc.constant('put' as const), name, label: fc.constantFrom('x', 'y'), line: fc.constantFrom(1, 2) }),
  fc.record({ act: fc.constantFrom('remove' as const, 'break' as const, 'mend' as const, 'lose' as const), name }),
  fc.record({
    act: fc.constant('see' as const),
    name,
    state: fc.constantFrom('running' as const, 'off' as const, 'starting' as const, 'paused' as const),
  }),
  fc.record({ act: fc.constant('volume' as const), name, phase: fc.constantFrom('Succeeded' as const, 'ImportInProgress' as const) }),
  fc.record({ act: fc.constant('node' as const), connected: fc.boolean() }),
  fc.constant({ act: 'restart' as const }),
  fc.constant({ act: 'everything' as const }),
)
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

function manifestOf(vm: string, label: string): Manifest {
  const { metadata, ...rest } = vmManifest(vm)
  return { ...rest, metadata: { ...metadata, labels: { app: label } } }
}

/** Does to one world what an act says and returns the keys that it concerns; undefined: all. */
function perform(world: World, one: Act): string[] | undefined {
  if (one.act === 'restart') world.restart()
  if (one.act === 'everything' || one.act === 'restart') return undefined
  if (one.act === 'node') {
    world.observed.setNode('h1', { connected: one.connected })
    return ['Node//h1']
  }
  const [vm, disk] = [`VirtualMachine/default/${one.name}`, `DataVolume/default/${one.name}-root`]
  if (one.act === 'put') {
    world.desired.mend(vm)
    world.desired.put(manifestOf(one.name, one.label), { references: [disk], line: one.line })
    world.desired.put(volumeManifest(`${one.name}-root`), { owner: vm })
  }
  if (one.act === 'remove') [vm, disk].forEach((key) => world.desired.remove(key))
  if (one.act === 'break')
    world.desired.breakKey(vm, { severity: 'error', code: 'X', message: 'broken', path: 'a.yaml', line: 1, column: 1 })
  if (one.act === 'mend') world.desired.mend(vm)
  if (one.act === 'lose') [vm, disk].forEach((key) => world.observed.lose('h1', key))
  if (one.act === 'see') world.observed.see('h1', machineSeen(manifestOf(one.name, 'x'), { state: one.state }))
  if (one.act === 'volume') world.observed.see('h1', volumeSeen(volumeManifest(`${one.name}-root`), { phase: one.phase }))
  return [vm, disk]
}

/** What two worlds must have in common: all but identities and counters that each gives out by itself. */
function comparable(world: World): unknown {
  return served(world).map(({ metadata, ...rest }) => {
    const { uid: _uid, resourceVersion: _version, ownerReferences, ...meta } = metadata
    return { ...rest, metadata: { ...meta, owners: ownerReferences?.map((owner) => owner.name) } }
  })
}

describe('digests of what was told', () => {
  it('serve what is served without them, whatever happens', (t) => {
    const bare = (view: ObservedView): ObservedView => ({
      ...view,
      get: (key) => view.get(key).map(({ node, object }) => ({ node, object })),
    })
    fc.assert(
      fc.property(fc.array(act, { minLength: 3, maxLength: 14 }), (acts) => {
        const [quick, slow] = [open(t), open(t, bare)]
        for (const world of [quick, slow]) world.observed.setNode('h1')
        for (const one of acts) {
          for (const world of [quick, slow]) {
            world.pass(1000)
            world.refresh(perform(world, one))
          }
          assert.deepEqual(comparable(quick), comparable(slow))
        }
      }),
      { numRuns: 80 },
    )
  })
})
