import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import { createObserved, type ObservationStore, type Observed, type ObservedChange } from '../../../../reconciler/observed/cache.ts'
import type { NodeFacts, Observation, ObservedMachine, ObservedVolume } from '../../../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'

const clock = { now: () => new Date('2026-01-01T00:00:00Z'), monotonic: () => 0 }
const facts: NodeFacts = {
  hostname: 'h1',
  architecture: 'x86_64',
  cpus: 1,
  memoryBytes: 1,
  accelerator: 'tcg',
  interfaces: [],
  pools: [],
  versions: {},
}

function volume(name: string, fields: Partial<ObservedVolume> = {}): ObservedVolume {
  return { kind: 'DataVolume', key: `DataVolume/default/${name}`, digest: 'd', phase: 'Succeeded', ...fields }
}

function machine(name: string): ObservedMachine {
  const spec = (): MachineSpec => ({
    key: `VirtualMachine/default/${name}`,
    namespace: 'default',
    name,
    uid: name,
    labels: { app: 'x' },
    annotations: {},
    runStrategy: 'Always',
    template: { spec: { domain: { devices: {} } } },
    inputs: {},
    origin: { path: 'a', line: 1, column: 1 },
  })
  const { key, uid } = spec()
  return {
    kind: 'VirtualMachine',
    key,
    uid,
    digest: 'd',
    state: 'running',
    applied: spec(),
    booted: spec(),
    drift: [],
    interfaces: [],
    volumes: [],
  }
}

function observation(sequence: number, fields: Partial<Observation> = {}): Observation {
  return { node: 'h1', sequence, full: sequence === 0, at: '', objects: [], gone: [], ...(sequence === 0 ? { facts } : {}), ...fields }
}

const make = (store?: ObservationStore): Observed => createObserved({ log: silentLogger, clock, ...(store === undefined ? {} : { store }) })
const nextBatch = (observed: Observed): Promise<ObservedChange> =>
  new Promise((resolve) => {
    const stop = observed.watch((change) => {
      stop()
      resolve(change)
    })
  })

describe('createObserved', () => {
  it('counts a node as connected with its first full observation, not before', () => {
    const observed = make()
    observed.connected('h1')
    assert.equal(observed.view.node('h1'), undefined)
    observed.receive(observation(0))
    assert.equal(observed.view.node('h1')?.connected, true)
    observed.disconnected('h1')
    assert.equal(observed.view.node('h1')?.connected, false)
  })

  it('keeps what is there when a delta comes, and drops what is gone', () => {
    const observed = make()
    observed.connected('h1')
    observed.receive(observation(0, { objects: [volume('a'), volume('b')] }))
    observed.receive(observation(1, { objects: [volume('c')], gone: ['DataVolume/default/a'] }))
    assert.deepEqual([...observed.view.keys()].toSorted(), ['DataVolume/default/b', 'DataVolume/default/c'])
  })

  it('tells of leases on machines with each observation of them, also where nothing changed', async () => {
    const observed = make()
    const leased = { ...machine('a'), lease: { id: 'l1', until: '2026-01-01T02:00:00Z' } }
    for (let session = 0; session < 2; session += 1) {
      observed.connected('h1')
      const batch = nextBatch(observed)
      observed.receive(observation(0, { objects: [leased, machine('b')] }))
      assert.deepEqual([...(await batch).leased], ['VirtualMachine/default/a'])
    }
  })

  it('drops what a full observation does not name', () => {
    const observed = make()
    observed.connected('h1')
    observed.receive(observation(0, { objects: [volume('a'), volume('b')] }))
    observed.connected('h1')
    observed.receive(observation(0, { objects: [volume('b')] }))
    assert.deepEqual([...observed.view.keys()], ['DataVolume/default/b'])
  })

  it('takes an observation in parts only when the last one is there', () => {
    const observed = make()
    observed.connected('h1')
    observed.receive(observation(0, { objects: [volume('a')] }), true)
    assert.deepEqual([...observed.view.keys()], [])
    observed.receive(observation(1, { full: true, objects: [volume('b')] }))
    assert.equal([...observed.view.keys()].length, 2)
  })

  it('refuses a gap, a repetition, and a session that begins with a delta', () => {
    for (const second of [0, 2]) {
      const observed = make()
      observed.connected('h1')
      observed.receive(observation(0))
      assert.throws(() => observed.receive(observation(second, { full: false })), { code: 'OutOfSequence' })
    }
    const observed = make()
    observed.connected('h1')
    assert.throws(() => observed.receive(observation(1)), { code: 'OutOfSequence' })
  })

  it('shows an object on every node that has it', () => {
    const observed = make()
    for (const node of ['h1', 'h2']) {
      observed.connected(node)
      observed.receive(observation(0, { node, objects: [machine('web')] }))
    }
    assert.deepEqual(
      observed.view.get('VirtualMachine/default/web').map(({ node }) => node),
      ['h1', 'h2'],
    )
    observed.receive(observation(1, { node: 'h1', gone: ['VirtualMachine/default/web'] }))
    assert.deepEqual(
      observed.view.get('VirtualMachine/default/web').map(({ node }) => node),
      ['h2'],
    )
  })

  it('tells one batch for many messages, and apart what a plan depends on', async () => {
    const observed = make()
    observed.connected('h1')
    observed.receive(observation(0, { objects: [volume('a'), volume('b')] }))
    await nextBatch(observed)
    const batch = nextBatch(observed)
    observed.receive(observation(1, { objects: [volume('a', { progress: 10 })] }))
    observed.receive(observation(2, { objects: [volume('b', { digest: 'e' })] }))
    const { keys, planKeys, nodes } = await batch
    assert.deepEqual(
      [[...keys], [...planKeys], [...nodes]],
      [['DataVolume/default/a', 'DataVolume/default/b'], ['DataVolume/default/b'], []],
    )
  })

  it('tells nothing where nothing changed', async () => {
    const observed = make()
    observed.connected('h1')
    observed.receive(observation(0, { objects: [volume('a')] }))
    await nextBatch(observed)
    let told = 0
    observed.watch(() => (told += 1))
    observed.receive(observation(1, { objects: [volume('a')] }))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    assert.equal(told, 0)
  })

  it('gives the same object back, with one spec where the guest was booted with what is applied', () => {
    const observed = make()
    observed.connected('h1')
    const given = machine('a')
    observed.receive(observation(0, { objects: [given] }))
    const object = observed.view.get(given.key)[0]?.object as ObservedMachine
    assert.deepEqual(object, given)
    assert.equal(object.applied, object.booted)
  })

  it('keeps apart what is applied and what a guest was booted with', () => {
    const observed = make()
    observed.connected('h1')
    const given = machine('a')
    const other = { ...given, booted: { ...machine('a').applied, runStrategy: 'Manual' as const } as MachineSpec }
    observed.receive(observation(0, { objects: [other, { ...machine('b'), applied: undefined } as unknown as ObservedMachine] }))
    assert.deepEqual(observed.view.get(given.key)[0]?.object, other)
    const unapplied = observed.view.get('VirtualMachine/default/b')[0]?.object as ObservedMachine
    assert.equal(unapplied.applied, undefined)
    assert.deepEqual(unapplied.booted, machine('b').booted)
  })

  it('prints an object alike while it is equal, and otherwise where any part differs', () => {
    const prints = [machine('a'), machine('a'), { ...machine('a'), state: 'off' as const }, { ...machine('a'), booted: undefined }].map(
      (one) => {
        const observed = make()
        observed.connected('h1')
        observed.receive(observation(0, { objects: [one as ObservedMachine] }))
        return observed.view.get(one.key)[0]?.print
      },
    )
    assert.equal(prints[0], prints[1])
    assert.equal(new Set(prints).size, 3)
  })

  it('gives everything to a store that could not be written the time before', () => {
    const saved: Parameters<ObservationStore['save']>[0][] = []
    let full = true
    const store: ObservationStore = {
      nodes: () => [],
      objects: () => [],
      save: (change) => {
        if (full) throw new Error('disk full')
        saved.push(change)
      },
    }
    const observed = make(store)
    observed.connected('h1')
    observed.receive(observation(0, { objects: [volume('a')] }))
    full = false
    observed.receive(observation(1, { objects: [volume('b')] }))
    observed.receive(observation(2, { objects: [volume('c')] }))
    assert.deepEqual(
      saved.map((change) => [change.full, change.facts, change.objects.map(({ key }) => key)]),
      [
        [true, facts, ['DataVolume/default/a', 'DataVolume/default/b']],
        [false, undefined, ['DataVolume/default/c']],
      ],
    )
  })

  it('reads what an earlier release stored', () => {
    const store: ObservationStore = {
      nodes: () => [{ name: 'h1', seenAt: '', facts }],
      objects: () => [{ key: machine('a').key, text: JSON.stringify(machine('a')) }],
      save: () => undefined,
    }
    const { view } = make(store)
    assert.deepEqual(view.get(machine('a').key)[0]?.object, machine('a'))
  })

  it('knows after a restart what the agent last reported, and that it is not connected', () => {
    const saved: Parameters<ObservationStore['save']>[0][] = []
    const store: ObservationStore = {
      nodes: () => saved.slice(0, 1).map(({ node, seenAt }) => ({ name: node, seenAt, facts })),
      objects: () => saved.flatMap(({ objects }) => objects),
      save: (change) => void saved.push(change),
    }
    const before = make(store)
    before.connected('h1')
    before.receive(observation(0, { objects: [volume('a')] }))
    const after = make(store)
    assert.deepEqual([...after.view.keys()], ['DataVolume/default/a'])
    assert.equal(after.view.node('h1')?.connected, false)
  })
})
