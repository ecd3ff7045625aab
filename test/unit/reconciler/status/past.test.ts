import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { pastAt, type PastAnswer } from '../../../../reconciler/past.ts'
import type { ApiObject } from '../../../../reconciler/status/api-object.ts'
import { createCollection, type WritableCollection } from '../../../../reconciler/status/collection.ts'
import { createPast, type Past, type PastParts } from '../../../../reconciler/status/past.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'

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
  t.after(() => {
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
      past.changed(undefined, objects.remove(key))
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
    past.changed(next, previous)
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

test('what objects were at any time is what they were then', (t) => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    phase: fc.constantFrom('Starting', 'Running', 'Stopped', undefined),
    wait: fc.integer({ min: 1, max: 5 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const world = openWorld(t)
      const model: { at: number; phases: Record<string, string> }[] = [{ at: world.now, phases: {} }]
      for (const { name, phase, wait } of steps) {
        world.now += wait * second
        if (phase === undefined && world.objects.find(`VirtualMachine/default/${name}`) === undefined) continue
        world.set(name, phase)
        const { [name]: _, ...others } = model.at(-1)?.phases ?? {}
        model.push({ at: world.now, phases: phase === undefined ? others : { ...others, [name]: phase } })
      }
      for (const [index, { at, phases: wanted }] of model.entries()) {
        assert.deepEqual(phases(world.at(at)), wanted)
        const next = model[index + 1]?.at
        if (next !== undefined && next > at) assert.deepEqual(phases(world.at(next - 1)), wanted)
      }
    }),
    { numRuns: 40 },
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
