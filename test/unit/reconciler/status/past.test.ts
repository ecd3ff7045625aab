import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { pastAt, type PastAnswer } from '../../../../reconciler/past.ts'
import type { ApiObject } from '../../../../reconciler/status/api-object.ts'
import { createCollection, keyOf, type WritableCollection } from '../../../../reconciler/status/collection.ts'
import { createPast, type Past, type PastParts } from '../../../../reconciler/status/past.ts'
import { pastKinds, pastObject, type PastObject } from '../../../../reconciler/status/past-state.ts'
import { createStatus, type Status } from '../../../../reconciler/status/status.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { atEnd } from '../../../at-end.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest, type FakeDesired, type FakeObserved } from '../../../fakes/views.ts'
import type { ObservedPolicy } from '../../../../schemas/generated/observation.ts'

const start = Date.parse('2026-03-01T00:00:00Z')
const second = 1000

type World = {
  readonly store: Store
  readonly objects: WritableCollection
  readonly past: Past
  now: number
  /** Makes a machine this one; undefined: it goes. */
  set(name: string, phase: string | undefined): void
  at(time: number, key?: string): PastAnswer
}

function openWorld(t: TestContext, limits: Pick<PastParts, 'most' | 'keep'> = {}): World {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-past-'))
  const store = openStore(dir, 'test')
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const objects = createCollection({ version: 0 })
  const world = { store, objects, now: start } as unknown as World
  const past = createPast({ records: store.past, settings: store.settings, clock: { now: () => new Date(world.now) }, ...limits })
  const set: World['set'] = (name, phase) => {
    const key = `VirtualMachine/default/${name}`
    const previous = objects.find(key)
    if (phase === undefined) {
      const gone = objects.remove(key)
      past.changed({ key, known: true, ...(gone === undefined ? {} : { previous: gone }) })
      return
    }
    const creationTimestamp = previous?.metadata.creationTimestamp ?? new Date(world.now).toISOString()
    const metadata = { name, namespace: 'default', uid: 'u', resourceVersion: String(objects.nextVersion()), creationTimestamp }
    const next: ApiObject = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata,
      status: { printableStatus: phase, conditions: [] },
    }
    objects.put(next)
    past.changed({ key, next, known: previous !== undefined, ...(previous === undefined ? {} : { previous }) })
  }
  return Object.assign(world, {
    past,
    set,
    at: (time: number, key?: string) => pastAt({ store, objects, path: '' }, { time, ...(key === undefined ? {} : { key }) }),
  })
}

function phases({ observed }: PastAnswer): Record<string, string | undefined> {
  return Object.fromEntries(observed.map(({ key, state }) => [key.split('/').at(-1), state.phase]))
}

type Fleet = {
  readonly desired: FakeDesired
  readonly observed: FakeObserved
  store: Store
  status: Status
  now: number
  restart(): void
}

/** A status over a store of its own, which can be restarted. */
function openFleet(t: TestContext): Fleet {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-past-'))
  const fleet = { desired: fakeDesired(), observed: fakeObserved(), now: start } as unknown as Fleet
  const clock = { now: () => new Date(fleet.now), monotonic: () => fleet.now }
  const open = (): void => {
    fleet.store = openStore(dir, 'test')
    fleet.status = createStatus({ store: fleet.store, clock })
  }
  open()
  atEnd(t, () => {
    fleet.store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  fleet.restart = () => {
    fleet.store.close()
    open()
  }
  return fleet
}

const act = fc.oneof(
  fc.record({ act: fc.constant('machine' as const), name: fc.constantFrom('a', 'b'), state: fc.constantFrom('running', 'off', 'paused') }),
  fc.record({ act: fc.constant('gone' as const), name: fc.constantFrom('a', 'b') }),
  fc.record({ act: fc.constant('node' as const), connected: fc.boolean(), address: fc.constantFrom('192.0.2.10/24', '192.0.2.11/24') }),
  fc.record({ act: fc.constant('policy' as const), status: fc.constantFrom('Available', 'Failing') }),
  fc.record({ act: fc.constantFrom('no policy' as const, 'nothing' as const) }),
)
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

const policyKey = 'NodeNetworkConfigurationPolicy//br'
const policy = { apiVersion: 'nmstate.io/v1', kind: 'NodeNetworkConfigurationPolicy', metadata: { name: 'br' }, spec: { desiredState: {} } }

/** Does to the world what an act says, without telling status. */
function perform({ desired, observed, now }: Fleet, one: Act): void {
  if (one.act === 'machine') {
    desired.put(vmManifest(one.name))
    observed.see('h1', machineSeen(vmManifest(one.name), { state: one.state, startedAt: new Date(now).toISOString() }))
  }
  if (one.act === 'gone') {
    desired.remove(`VirtualMachine/default/${one.name}`)
    observed.lose('h1', `VirtualMachine/default/${one.name}`)
  }
  if (one.act === 'node') {
    const interfaces = [{ name: 'eth0', type: 'ethernet', up: true, addresses: [one.address] }]
    observed.setNode('h1', { connected: one.connected, facts: { interfaces } })
  }
  if (one.act === 'policy') {
    desired.put(policy)
    const conditions = [{ type: one.status, status: 'True', reason: one.status, message: '', at: new Date(now).toISOString() }]
    const seen = { kind: policy.kind, key: policyKey, digest: 'd', conditions, drift: [] } as unknown as ObservedPolicy
    observed.see('h1', seen)
  }
  if (one.act === 'no policy') {
    desired.remove(policyKey)
    observed.lose('h1', policyKey)
  }
}

/** What is served of the kinds whose past is kept. */
function servedNow({ status }: Fleet): Record<string, PastObject> {
  const all = pastKinds.flatMap((kind) => status.objects.list(kind))
  return Object.fromEntries(all.map((object) => [keyOf(object), pastObject(object)]))
}

function servedAt({ store, status }: Fleet, time: number): Record<string, PastObject> {
  const { observed } = pastAt({ store, objects: status.objects, path: '' }, { time })
  return Object.fromEntries(observed.map(({ key, state }) => [key, state]))
}

test('what objects of every kind were at any time is what they were then, also where they changed while the reconciler was away', (t) => {
  const step = fc.record({ one: act, wait: fc.integer({ min: 1, max: 5 }), restart: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const fleet = openFleet(t)
      const model: { readonly at: number; readonly objects: Record<string, PastObject> }[] = []
      for (const { one, wait, restart } of steps) {
        fleet.now += wait * second
        if (restart) fleet.restart()
        perform(fleet, one)
        fleet.status.refresh({ desired: fleet.desired, observed: fleet.observed })
        model.push({ at: fleet.now, objects: servedNow(fleet) })
      }
      for (const [index, { at, objects }] of model.entries()) {
        assert.deepEqual(servedAt(fleet, at), objects)
        const next = model[index + 1]?.at
        if (next !== undefined) assert.deepEqual(servedAt(fleet, next - 1), objects)
      }
    }),
    { numRuns: 40 },
  )
})

test('of a host that an earlier version told of, nothing is said of the time before its first change', (t) => {
  const world = openWorld(t)
  const metadata = { name: 'h1', uid: 'u', resourceVersion: '1', creationTimestamp: new Date(start).toISOString() }
  const node: ApiObject = { apiVersion: 'v1', kind: 'Node', metadata, status: { conditions: [] } }
  world.objects.put(node)
  world.now += 10 * second
  world.past.changed({ key: 'Node//h1', next: node, known: true })
  assert.deepEqual(world.at(world.now - 1).observed, [])
  assert.deepEqual(
    world.at(world.now).observed.map(({ key, since }) => [key, since]),
    [['Node//h1', '2026-03-01T00:00:10.000Z']],
  )
})

test('a machine that stands still has no row, and is told as it is', (t) => {
  const world = openWorld(t)
  world.set('still', 'Running')
  assert.equal(world.store.past.count(), 0)
  world.now += second
  assert.deepEqual(world.at(world.now).observed, [
    { key: 'VirtualMachine/default/still', since: '2026-03-01T00:00:00.000Z', state: { phase: 'Running', conditions: {} } },
  ])
  world.set('still', 'Running')
  assert.equal(world.store.past.count(), 0)
})

test('before the first record nothing is told, and since when there is one is', (t) => {
  const world = openWorld(t)
  world.set('a', 'Running')
  const { observed, observedSince, revision, revisionsSince } = world.at(start - 1)
  assert.deepEqual([observed, observedSince, revision, revisionsSince], [[], '2026-03-01T00:00:00.000Z', undefined, undefined])
})

test('old rows go by age and by number, and what is still told stays true', (t) => {
  const world = openWorld(t, { most: 300, keep: 10_000 * second })
  world.set('still', 'Running')
  world.now += second
  world.set('still', 'Stopped')
  for (let count = 0; count < 4000; count += 1) {
    world.now += second
    world.set('busy', count % 2 === 0 ? 'Starting' : 'Running')
  }
  const kept = world.store.past.count()
  assert.ok(kept < 1500, String(kept))
  const since = Date.parse(world.at(world.now).observedSince)
  assert.ok(since > start + 2000 * second)
  for (const time of [since, since + 77 * second, world.now]) {
    const even = Math.floor((time - start) / second - 2) % 2 === 0
    assert.deepEqual(phases(world.at(time)), { busy: even ? 'Starting' : 'Running', still: 'Stopped' })
  }
  assert.deepEqual(world.at(since - 1).observed, [])
})

test('a shorter time to keep holds from the next start on, and a longer one brings nothing back', (t) => {
  const world = openWorld(t)
  const { store } = world
  for (let round = 0; round < 10; round += 1) {
    world.now = start + round * 60 * second
    world.set('a', `phase ${round}`)
  }
  const rows = store.past.count()
  const restart = (keep: number): Past =>
    createPast({ records: store.past, settings: store.settings, clock: { now: () => new Date(world.now) }, keep })
  restart(90 * 86_400 * second)
  assert.equal(store.past.count(), rows)
  restart(120 * second)
  const left = store.past.count()
  assert.ok(left < rows)
  assert.deepEqual(phases(world.at(world.now - 120 * second)), { a: 'phase 7' })
  assert.deepEqual(world.at(world.now - 121 * second).observed, [])
  restart(90 * 86_400 * second)
  assert.equal(store.past.count(), left)
  assert.deepEqual(world.at(world.now - 121 * second).observed, [])
})

test('the revision in force and the receipts until then are told', (t) => {
  const world = openWorld(t)
  const { store } = world
  store.past.revision({ commit: 'a'.repeat(40), at: start })
  store.past.revision({ commit: 'a'.repeat(40), at: start + 1 })
  store.past.revision({ commit: 'b'.repeat(40), at: start + 60 * second })
  const key = 'VirtualMachine/default/web'
  for (const [sequence, commit, endedAt, result] of [
    [1, 'a', '2026-03-01T00:00:10.000Z', 'succeeded'],
    [2, 'b', '2026-03-01T00:01:10.000Z', 'failed'],
    [3, 'b', '2026-03-01T00:01:20.000Z', 'succeeded'],
  ] as const) {
    const line = JSON.stringify({ object: key, node: 'h1', endedAt })
    store.ledger.append({
      sequence,
      digest: '',
      commit: commit.repeat(40),
      line,
      plan: 'p',
      step: `DefineDomain:${key}`,
      result,
      at: endedAt,
    })
  }
  const told = (seconds: number): unknown => {
    const { revision, applied } = world.at(start + seconds * second, key)
    return [revision?.commit[0], revision?.since, applied.map(({ commit, node }) => `${commit[0] ?? ''} ${node}`)]
  }
  assert.deepEqual(told(59), ['a', '2026-03-01T00:00:00.000Z', ['a h1']])
  assert.deepEqual(told(75), ['b', '2026-03-01T00:01:00.000Z', ['a h1']])
  assert.deepEqual(told(80), ['b', '2026-03-01T00:01:00.000Z', ['b h1']])
  assert.deepEqual(told(5), ['a', '2026-03-01T00:00:00.000Z', []])
})
