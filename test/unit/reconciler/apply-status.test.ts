import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { startApplyStatus, type CurrentCommit } from '../../../reconciler/apply-status.ts'
import type { AppliedVerdict } from '../../../reconciler/applied-verdict.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { atEnd } from '../../at-end.ts'

type World = { readonly told: string[]; readonly kept: Map<string, string>; now: CurrentCommit | undefined; looks: number; broken: boolean }

const commit = (letter: string): string => letter.repeat(40)
const at = (letter: string, state: AppliedVerdict['state'], description: string = state, inForce = true): CurrentCommit => ({
  commit: commit(letter),
  inForce,
  stamp: `${state} ${description}`,
  verdict: () => ({ state, description }),
})

function start(t: TestContext, world: World): { readonly stop: () => Promise<void> } {
  const teller = startApplyStatus({
    forge: {
      status: async (id, { context, state, description }) => {
        if (world.broken) throw new Error('the forge is away')
        world.told.push(`${id[0] ?? ''} ${context} ${state} ${description}`)
      },
    },
    environment: 'prod',
    current: () => ((world.looks += 1), world.now),
    settings: { get: (name) => world.kept.get(name), put: (name, value) => void world.kept.set(name, value) },
    interval: 5,
    log: silentLogger,
  })
  atEnd(t, async () => await teller.stop())
  return teller
}

const open = (): World => ({ told: [], kept: new Map(), now: undefined, looks: 0, broken: false })
const look = async (world: World): Promise<void> => {
  const { looks } = world
  await until('two more looks', () => world.looks > looks + 2, { everyMs: 5 })
}

describe('the status of what is applied', () => {
  it('is told once for each state and reason, also after a restart', async (t) => {
    const world = open()
    const first = start(t, world)
    await look(world)
    world.now = at('a', 'pending', 'two\nchanges')
    await look(world)
    world.now = at('a', 'failure', 'no disk')
    await look(world)
    await first.stop()
    start(t, world)
    await look(world)
    world.now = at('a', 'success')
    await look(world)
    assert.deepEqual(world.told, [
      'a gitvirt/apply/prod pending two changes',
      'a gitvirt/apply/prod failure no disk',
      'a gitvirt/apply/prod success success',
    ])
  })

  it('stays as it is when what was applied drifts later', async (t) => {
    const world = open()
    world.now = at('a', 'success')
    start(t, world)
    await look(world)
    world.now = at('a', 'pending')
    await look(world)
    assert.deepEqual(world.told, ['a gitvirt/apply/prod success success'])
  })

  it('comes to its end for commits that were overtaken, but not for refused ones', async (t) => {
    const world = open()
    start(t, world)
    for (const one of [at('a', 'pending'), at('b', 'failure', 'Not in force', false), at('c', 'pending'), at('d', 'success')]) {
      world.now = one
      await look(world)
    }
    assert.deepEqual(world.told.slice(3), [
      'd gitvirt/apply/prod success success',
      'a gitvirt/apply/prod success Applied with dddddddddddd.',
      'c gitvirt/apply/prod success Applied with dddddddddddd.',
    ])
  })

  it('is judged again only when something changed, or for another commit', async (t) => {
    const world = open()
    let judged = 0
    const pending = (letter: string, stamp: string): CurrentCommit => ({
      ...at(letter, 'pending'),
      stamp,
      verdict: () => ((judged += 1), { state: 'pending', description: `judged ${judged}` }),
    })
    start(t, world)
    for (const one of [pending('a', '1'), pending('a', '1'), pending('a', '2'), pending('b', '2')]) {
      world.now = one
      await look(world)
    }
    assert.deepEqual(world.told, [
      'a gitvirt/apply/prod pending judged 1',
      'a gitvirt/apply/prod pending judged 2',
      'b gitvirt/apply/prod pending judged 3',
    ])
  })

  it('waits for a forge that is away, and ends while it is', async (t) => {
    const world = open()
    world.broken = true
    world.now = at('a', 'success')
    const teller = start(t, world)
    await look(world)
    assert.deepEqual(world.told, [])
    world.broken = false
    await until('the status', () => world.told.length === 1, { everyMs: 5 })
    await teller.stop()
  })
})
