import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Block, Change, Plan } from '../../../../schemas/generated/plan.ts'
import { createProgress, type Progress, type Reached } from '../../../../reconciler/measure/progress.ts'

const start = Date.parse('2026-03-01T00:00:00Z')

type World = { readonly reached: Reached[]; progress: Progress; now: number; restart(): void }

function openWorld(): World {
  const kept = new Map<string, string>([['revisionProgress', '{"last":"before","revisions":[]}']])
  const settings = { get: (name: string) => kept.get(name), put: (name: string, value: string) => void kept.set(name, value) }
  const world = { reached: [], now: start } as unknown as World
  world.restart = () => {
    const clock = { now: () => new Date(world.now) }
    world.progress = createProgress({ settings, clock, reached: (one) => void world.reached.push(one) })
  }
  world.restart()
  return world
}

function change(key: string, blocked: Partial<Block>[] = []): Change {
  const step = { id: `DefineDomain:${key}`, verb: 'DefineDomain', key, phase: 'compute', disruption: 'none' } as const
  return {
    key,
    node: 'h1',
    action: 'update',
    disruption: 'none',
    fields: [],
    steps: [step],
    base: '',
    blocked: blocked as Block[],
    notes: [],
    after: [],
  }
}

function planOf(...changes: Change[]): Plan {
  const summary = { create: 0, update: 0, replace: 0, delete: 0, blocked: 0, disruption: 'none' as const }
  return { id: 'p', revision: 'r1', policyDigest: '', createdAt: '', changes, findings: [], summary }
}

function told({ reached }: World): string[] {
  return reached.map(({ commit, stage, sinceSeen, sinceCommit }) => `${commit} ${stage} ${sinceSeen} ${sinceCommit ?? '-'}`)
}

const committedAt = '2026-02-28T23:59:00Z'

test('a revision is planned, applied when only a person is waited for, and converged when nothing is', () => {
  const world = openWorld()
  world.progress.arrived({ commit: 'r1', committedAt })
  world.now += 2000
  const [a, b] = ['VirtualMachine/default/a', 'VirtualMachine/default/b']
  world.progress.passed({ revision: 'r1', plan: planOf(change(a), change(b, [{ reason: 'DisruptionNotAllowed' }])) })
  assert.deepEqual([world.progress.underWay(), [...world.progress.waiting()]], [1, [['DisruptionNotAllowed', 1]]])
  world.now += 3000
  world.progress.passed({ revision: 'r1', plan: planOf(), covered: new Set([a]) })
  world.now += 60_000
  world.progress.passed({ revision: 'r1' })
  world.progress.passed({ revision: 'r1', plan: planOf(), covered: new Set([b]) })
  world.progress.passed({ revision: 'r1', plan: planOf(change(a)) })
  assert.deepEqual(told(world), ['r1 planned 2 62', 'r1 applied 5 65', 'r1 converged 65 125'])
})

test('steps beside held ones, and what waits for a dependency, are under way', () => {
  const world = openWorld()
  const half = change('VirtualMachine/default/a', [{ reason: 'DisruptionNotAllowed', steps: ['RestartDomain:x'] }])
  const later = change('VirtualMachine/default/b', [{ reason: 'WaitingForDependency' }])
  world.progress.passed({ revision: 'r1', plan: planOf(half, later) })
  assert.equal(world.progress.underWay(), 2)
  assert.deepEqual([...world.progress.waiting()], [])
})

test('a revision that another one overtakes reaches its stages with that one', () => {
  const world = openWorld()
  const a = 'VirtualMachine/default/a'
  world.progress.arrived({ commit: 'r1', committedAt })
  world.progress.passed({ revision: 'r1', plan: planOf(change(a)) })
  world.now += 1000
  world.progress.arrived({ commit: 'r2', committedAt })
  world.progress.passed({ revision: 'r1', plan: planOf(), covered: new Set([a]) })
  assert.deepEqual(told(world), ['r1 planned 0 60'])
  world.progress.passed({ revision: 'r2' })
  assert.deepEqual(told(world).slice(1), [
    'r1 applied 1 61',
    'r1 converged 1 61',
    'r2 planned 0 61',
    'r2 applied 0 61',
    'r2 converged 0 61',
  ])
})

test('a restart neither forgets a revision nor counts it twice', () => {
  const world = openWorld()
  world.progress.arrived({ commit: 'r1', committedAt })
  world.progress.passed({ revision: 'r1', plan: planOf(change('VirtualMachine/default/a')) })
  for (let times = 0; times < 3; times += 1) {
    world.restart()
    world.now += 1000
    world.progress.arrived({ commit: 'r1', committedAt })
    world.progress.passed({ revision: 'r1' })
    assert.deepEqual(told(world).length, times < 1 ? 1 : 3, 'nothing is said before everything was planned')
    world.progress.passed({ revision: 'r1', plan: planOf() })
  }
  assert.deepEqual(told(world), ['r1 planned 0 60', 'r1 applied 1 61', 'r1 converged 1 61'])
})

test('the first revision of a new database tells no time since its commit, and no time is negative', () => {
  const world = openWorld()
  const fresh = createProgress({
    settings: { get: () => undefined, put: () => undefined },
    clock: { now: () => new Date(world.now) },
    reached: (one) => void world.reached.push(one),
  })
  fresh.arrived({ commit: 'r1', committedAt })
  fresh.passed({ revision: 'r1', plan: planOf() })
  assert.ok(world.reached.every(({ sinceCommit }) => sinceCommit === undefined))
  world.progress.arrived({ commit: 'r2', committedAt: '2026-03-01T01:00:00Z' })
  world.progress.passed({ revision: 'r2', plan: planOf() })
  assert.equal(world.reached.at(-1)?.sinceCommit, 0)
})
