import assert from 'node:assert/strict'
import { setImmediate as tick } from 'node:timers/promises'
import { test } from 'node:test'
import type { Change, Plan } from '../../../schemas/generated/plan.ts'
import type { DesiredView } from '../../../reconciler/desired/types.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { createLoop, type LoopPorts } from '../../../reconciler/loop.ts'
import type { ObservedChange } from '../../../reconciler/observed/cache.ts'
import type { Approval, PlanInput, Unheard } from '../../../reconciler/plan/types.ts'
import type { Refresh } from '../../../reconciler/status/engine.ts'

const facts = {
  hostname: 'h1',
  architecture: 'x86_64',
  cpus: 1,
  memoryBytes: 1,
  accelerator: 'tcg' as const,
  interfaces: [],
  pools: [],
  versions: {},
}
const view = { revision: 'r1', keysOf: () => ['NodeNetworkConfigurationPolicy//br1'] } as unknown as DesiredView

function change(key: string, blocked: Change['blocked'] = []): Change {
  return {
    key,
    node: blocked.length > 0 ? '' : 'h1',
    action: 'create',
    disruption: 'none',
    fields: [],
    steps: [],
    after: [],
    base: 'absent',
    blocked,
    notes: [],
  }
}

function planOf(changes: Change[]): Plan {
  const summary = { create: 0, update: 0, replace: 0, delete: 0, blocked: 0, disruption: 'none' as const }
  return { id: 'p', revision: 'r1', policyDigest: '', createdAt: '', changes, findings: [], summary }
}

/** The slices after the first one. */
function* later(slices: readonly (() => void)[]): Generator<void, void> {
  for (const slice of slices) {
    yield
    slice()
  }
}

/** A loop whose neighbours only write down what they are asked. */
function setUp(changes: Change[] = [change('VirtualMachine/default/a')]) {
  const planned: (string[] | undefined)[] = []
  /** Plans that had been made when a view was told of. */
  const arrivals: number[] = []
  const refreshed: Refresh[] = []
  const sent: string[] = []
  const approvals: Approval[] = []
  const status: { fails: boolean; unheard: Unheard | undefined; slices: (() => void)[] } = { fails: false, unheard: undefined, slices: [] }
  const dropped: string[] = []
  /** Where objects are observed. */
  const on = new Map<string, string>()
  const nodes = [{ name: 'h1', connected: true, seenAt: '', facts }]
  let notify: (change: ObservedChange) => void = () => undefined
  const ports = {
    plan: (input: PlanInput) => {
      planned.push(input.keys === undefined ? undefined : [...input.keys])
      return planOf(changes)
    },
    forNode: (plan: Plan, node: string) => ({ ...plan, changes: plan.changes.filter((one) => one.node === node) }),
    observed: {
      view: {
        get: (key: string) => (on.has(key) ? [{ node: on.get(key) }] : []),
        keys: () => on.keys(),
        nodes: () => nodes,
        node: () => nodes[0],
      },
      watch: (listener: typeof notify) => ((notify = listener), () => undefined),
    },
    status: {
      refresh: (input: Refresh) => {
        if (status.fails) throw new Error('database or disk is full')
        refreshed.push(input)
        return later(status.slices)
      },
    },
    dispatch: async (_plan: Plan, node: string) => (sent.push(node), []),
    approvals: () => approvals,
    dropApprovals: (key: string) => void dropped.push(key),
    suspensions: () => [],
    arrived: () => void arrivals.push(planned.length),
    unheard: () => status.unheard,
    inputSalt: '',
    clock: { now: () => new Date(0), monotonic: () => 0 },
    log: silentLogger,
  }
  const observe = (part: Partial<Record<keyof ObservedChange, string[]>>): void =>
    notify({ keys: new Set(part.keys), planKeys: new Set(part.planKeys), nodes: new Set(part.nodes), leased: new Set(part.leased) })
  return {
    loop: createLoop(ports as unknown as LoopPorts),
    planned,
    arrivals,
    refreshed,
    sent,
    nodes,
    observe,
    approvals,
    dropped,
    on,
    status,
  }
}

test('plans everything for the first revision and only what changed for the next', async () => {
  const { loop, planned, sent } = setUp()
  loop.desired({ view, changed: new Set(['VirtualMachine/default/a']) })
  await tick()
  loop.desired({ view, changed: new Set(['VirtualMachine/default/b']) })
  await tick()
  assert.deepEqual(planned, [undefined, ['VirtualMachine/default/b']])
  assert.deepEqual(sent, ['h1', 'h1'])
})

test('plans everything again when a source tells what nobody could tell before: anything may have been applied from it', async () => {
  const { loop, planned } = setUp()
  const shared = (unknown: readonly string[]): DesiredView => ({
    ...view,
    severalSources: true,
    unknownPaths: () => unknown,
    isUnknownPath: (path) => unknown.includes(path),
  })
  for (const unknown of [['b/'], [], ['x.yaml']]) {
    loop.desired({ view: shared(unknown), changed: new Set(['VirtualMachine/default/a']) })
    await tick()
  }
  assert.deepEqual(planned, [undefined, undefined, ['VirtualMachine/default/a']])
})

test('tells of each view before anything is planned with it', async () => {
  const { loop, arrivals } = setUp()
  for (let round = 0; round < 2; round += 1) {
    loop.desired({ view, changed: new Set(['VirtualMachine/default/a']) })
    await tick()
  }
  assert.deepEqual(arrivals, [0, 1])
})

test('takes many changes of one moment in one pass', async () => {
  const { loop, planned } = setUp()
  loop.desired({ view, changed: new Set() })
  await tick()
  for (const name of ['a', 'b', 'a']) loop.enqueue([`VirtualMachine/default/${name}`])
  await tick()
  assert.deepEqual(planned, [undefined, ['VirtualMachine/default/a', 'VirtualMachine/default/b']])
})

test('plans nothing when only an address changed, but refreshes the status', async () => {
  const { loop, planned, refreshed, observe } = setUp()
  loop.desired({ view, changed: new Set() })
  await tick()
  observe({ keys: ['VirtualMachine/default/a'] })
  await tick()
  assert.equal(planned.length, 1)
  assert.deepEqual([...(refreshed[1]?.keys ?? [])], ['VirtualMachine/default/a'])
})

test('plans nothing before there is a desired state', async () => {
  const { planned, refreshed, observe } = setUp()
  observe({ keys: ['VirtualMachine/default/a'], planKeys: ['VirtualMachine/default/a'] })
  await tick()
  assert.deepEqual([planned, refreshed], [[], []])
})

test('looks again at a machine that waits for a disk of another, and at a disk that waits, when any machine changes', async () => {
  const held = (key: string, reason: 'Conflict' | 'WaitingForDependency'): Change => change(key, [{ reason, message: '', unblock: '' }])
  const waiting = [held('VirtualMachine/default/a', 'Conflict'), held('DataVolume/default/d', 'WaitingForDependency')]
  const { loop, planned, observe } = setUp(waiting)
  loop.desired({ view, changed: new Set() })
  await tick()
  observe({ planKeys: ['DataVolume/default/e'] })
  await tick()
  observe({ planKeys: ['VirtualMachine/default/b'] })
  await tick()
  assert.deepEqual(planned, [
    undefined,
    ['DataVolume/default/e'],
    ['VirtualMachine/default/b', 'VirtualMachine/default/a', 'DataVolume/default/d'],
  ])
})

test('plans what is on a node, and the networks, when its agent comes or goes', async () => {
  const { loop, planned, nodes, observe, on } = setUp()
  on.set('VirtualMachine/default/a', 'h1').set('VirtualMachine/default/b', 'h2')
  loop.desired({ view, changed: new Set() })
  await tick()
  nodes.push({ name: 'h2', connected: true, seenAt: '', facts })
  observe({ nodes: ['h2'] })
  await tick()
  assert.deepEqual(planned, [undefined, ['VirtualMachine/default/b', 'NodeNetworkConfigurationPolicy//br1']])
})

test('an approval ends when nothing is left to do for its object', async () => {
  const { loop, approvals, dropped } = setUp([change('VirtualMachine/default/a')])
  const word = { by: 'owner', at: '' }
  approvals.push({ ...word, key: 'VirtualMachine/default/a', plan: '1' }, { ...word, key: 'VirtualMachine/default/b', plan: '2' })
  loop.desired({ view, changed: new Set() })
  await tick()
  assert.deepEqual(dropped, ['VirtualMachine/default/b'])
})

test('plans an object that no node could take when the facts of a node change', async () => {
  const key = 'VirtualMachine/default/big'
  const { loop, planned, observe } = setUp([change(key, [{ reason: 'Unschedulable', message: 'no memory', unblock: 'add memory' }])])
  loop.desired({ view, changed: new Set([key]) })
  await tick()
  observe({ nodes: ['h1'] })
  await tick()
  assert.deepEqual(planned, [undefined, [key]])
})

test('plans what waited for a host again when every host was heard, whatever told so', async () => {
  const key = 'VirtualMachine/default/a'
  const { loop, planned, status } = setUp([change(key, [{ reason: 'HostsUnheard', message: 'h2 is away', unblock: 'start it' }])])
  status.unheard = { hosts: ['h2'] }
  loop.desired({ view, changed: new Set([key]) })
  await tick()
  status.unheard = undefined
  loop.enqueue(['VirtualMachine/default/b'])
  await tick()
  await tick()
  assert.deepEqual(planned, [undefined, ['VirtualMachine/default/b'], [key]])
})

test('a pass that fails loses no key: it is tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { loop, planned, status } = setUp()
  loop.desired({ view, changed: new Set() })
  await tick()
  status.fails = true
  loop.enqueue(['VirtualMachine/default/b'])
  await tick()
  assert.equal(loop.passes(), 1)
  status.fails = false
  t.mock.timers.tick(1000)
  await tick()
  assert.deepEqual(planned, [undefined, ['VirtualMachine/default/b'], ['VirtualMachine/default/b']])
  assert.equal(loop.passes(), 2)
})

test('sends in the turn of the plan, goes on writing, and takes what changes meanwhile to the next pass', async () => {
  const { loop, planned, sent, refreshed, status } = setUp()
  const next = 'VirtualMachine/default/next'
  status.slices = [() => loop.enqueue([next]), () => assert.equal(planned.length, 1)]
  loop.desired({ view, changed: new Set() })
  await tick()
  assert.deepEqual([planned, sent, loop.passes()], [[undefined], ['h1'], 0])
  await tick()
  await tick()
  assert.deepEqual([planned.length, loop.passes()], [1, 1])
  status.slices = []
  await tick()
  assert.deepEqual(planned, [undefined, [next]])
  assert.deepEqual([refreshed.length, sent, loop.passes()], [2, ['h1', 'h1'], 2])
})

test('an approval that is given between slices outlasts the plan that knows nothing of it', async () => {
  const { loop, approvals, dropped, status } = setUp([])
  status.slices = [() => void approvals.push({ key: 'VirtualMachine/default/a', digest: 'd' } as unknown as Approval)]
  loop.desired({ view, changed: new Set() })
  await tick()
  await tick()
  assert.deepEqual([loop.passes(), dropped], [1, []])
})

test('a slice that fails brings its whole pass again, with what came meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { loop, planned, status } = setUp()
  loop.desired({ view, changed: new Set() })
  await tick()
  const fail = (): void => {
    throw new Error('database or disk is full')
  }
  status.slices = [() => loop.enqueue(['VirtualMachine/default/c']), fail]
  loop.enqueue(['VirtualMachine/default/b'])
  await tick()
  await tick()
  await tick()
  assert.equal(loop.passes(), 1)
  status.slices = []
  t.mock.timers.tick(1000)
  await tick()
  assert.deepEqual([...(planned.at(-1) ?? [])].sort(), ['VirtualMachine/default/b', 'VirtualMachine/default/c'])
  assert.equal(loop.passes(), 2)
})

test('ends between slices', async () => {
  const { loop, refreshed, status } = setUp()
  status.slices = [() => assert.fail('a slice after the end')]
  loop.desired({ view, changed: new Set() })
  await tick()
  loop.close()
  await tick()
  assert.deepEqual([refreshed.length, loop.passes()], [1, 0])
})
