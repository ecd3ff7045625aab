import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { ApiObject } from '../../../../reconciler/status/api-object.ts'
import { createStatus, type Status } from '../../../../reconciler/status/status.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { atEnd } from '../../../at-end.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest } from '../../../fakes/views.ts'

const machines = Array.from({ length: 450 }, (_one, index) => `vm-${String(index).padStart(3, '0')}`)
const keys = machines.map((name) => `VirtualMachine/default/${name}`)

/** More machines than one slice holds, over a store that can be made to fail. */
function setUp(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-slices-'))
  const clock = { now: () => new Date('2026-03-01T00:00:00Z'), monotonic: () => 0 }
  const desired = fakeDesired()
  const observed = fakeObserved()
  observed.setNode('h1')
  for (const name of machines) desired.put(vmManifest(name))
  const disk = { writes: Number.POSITIVE_INFINITY }
  let store: Store
  let status: Status
  const start = (): void => {
    const opened = openStore(dir, 'test')
    store = opened
    const put: Store['objects']['put'] = (...args) => {
      if (disk.writes === 0) throw new Error('database or disk is full')
      disk.writes -= 1
      opened.objects.put(...args)
    }
    status = createStatus({ store: { ...opened, objects: { ...opened.objects, put } }, clock })
  }
  start()
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    disk,
    desired,
    observed,
    status: () => status,
    refresh: (some?: readonly string[]) => status.refresh({ desired, observed, ...(some === undefined ? {} : { keys: some }) }),
    served: () => status.objects.list('VirtualMachine'),
    /** Leaves as it is what was not committed. */
    crash: () => {
      store.close()
      start()
    },
  }
}

type World = ReturnType<typeof setUp>

/** Tells all that is left; how many slices that was. */
function drain(slices: Iterable<void>): number {
  return [...slices].length
}

function phases({ status }: World): string[] {
  return status()
    .objects.list('VirtualMachine')
    .map((object) => String((object.status as { printableStatus?: string }).printableStatus))
}

describe('a refresh of much', () => {
  it('serves what the first slice told, lets others tell of what they did, and goes on', (t) => {
    const world = setUp(t)
    const rest = world.refresh()
    const first = world.served().length
    assert.ok(first > 0 && first < machines.length, `${first} machines`)
    assert.equal(world.status().refreshed(), false)
    world.status().record({ key: keys[0] ?? '', type: 'Normal', reason: 'Meanwhile', message: 'Something else.' })
    assert.ok(
      world
        .status()
        .objects.list('Event')
        .some((event) => event['reason'] === 'Meanwhile'),
    )
    assert.ok(drain(rest) > 0)
    assert.equal(world.served().length, machines.length)
    assert.equal(world.status().refreshed(), true)
  })

  it('shows a watch each object once, in the order of versions', (t) => {
    const world = setUp(t)
    const seen: [string, number][] = []
    world.status().objects.subscribe('VirtualMachine', ({ type, resourceVersion }) => void seen.push([type, resourceVersion]))
    drain(world.refresh())
    assert.equal(seen.length, machines.length)
    assert.ok(seen.every(([type, version], index) => type === 'ADDED' && version > (seen[index - 1]?.[1] ?? 0)))
  })

  it('is mended by the next start after a crash between slices, which tells nothing twice', (t) => {
    const world = setUp(t)
    world.refresh()
    const before = world.served()
    world.crash()
    assert.deepEqual(world.served(), before)
    drain(world.refresh())
    assert.equal(world.served().length, machines.length)
    assert.deepEqual(world.served().slice(0, before.length), before)
    const events = world.status().objects.list('Event')
    assert.ok(events.every(({ count }) => count === 1))
  })

  it('forgets after a crash what went meanwhile', (t) => {
    const world = setUp(t)
    world.refresh()
    const [gone = ''] = keys
    world.crash()
    world.desired.remove(gone)
    drain(world.refresh())
    assert.equal(world.served().length, machines.length - 1)
  })

  it('tells by the next refresh, of whatever keys, what a slice that failed left out', (t) => {
    const world = setUp(t)
    drain(world.refresh())
    assert.ok(phases(world).every((phase) => phase !== 'Running'))
    for (const name of machines) world.observed.see('h1', machineSeen(vmManifest(name)))
    world.disk.writes = 500
    assert.throws(() => drain(world.refresh(keys)), /disk is full/)
    assert.ok(phases(world).some((phase) => phase !== 'Running'))
    world.disk.writes = Number.POSITIVE_INFINITY
    drain(world.refresh([]))
    assert.ok(phases(world).every((phase) => phase === 'Running'))
  })

  it('tells of a step that failed before its object was told of with the object, and counts the next one with it', (t) => {
    const world = setUp(t)
    const rest = world.refresh()
    const key = keys.at(-1) ?? ''
    const failed = { plan: 'p', step: `DefineDomain:${key}`, key, node: 'h1', state: 'failed', message: 'no room' } as const
    world.status().receipt({ ...failed, at: '2026-03-01T00:00:00Z' })
    world.status().answered('h1', [{ key, result: 'failed', code: 'Other', message: 'It failed.' }])
    drain(rest)
    world.status().receipt({ ...failed, at: '2026-03-01T00:00:01Z' })
    const events = world.status().objects.list('Event') as readonly (ApiObject & { involvedObject?: unknown })[]
    const uid = world.served().at(-1)?.metadata.uid
    const involved = { kind: 'VirtualMachine', namespace: 'default', name: machines.at(-1), apiVersion: 'kubevirt.io/v1', uid }
    const told = ['FailedDefineDomain', 'Other'].map((reason) => events.filter((event) => event['reason'] === reason))
    assert.deepEqual(
      told.map((some) => some.map(({ involvedObject, ...event }) => [event['count'], involvedObject])),
      [[[2, involved]], [[1, involved]]],
    )
  })
})
