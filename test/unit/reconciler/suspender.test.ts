import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, test, type TestContext } from 'node:test'
import type { Decision } from '../../../reconciler/decision.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import type { EventDraft } from '../../../reconciler/status/events/rules.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import { createSuspender } from '../../../reconciler/suspender.ts'
import { atEnd } from '../../at-end.ts'
import { fakeDesired, fakeObserved, vmManifest, volumeManifest } from '../../fakes/views.ts'

const vm = 'VirtualMachine/default/demo'

function setUp(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-03-01T00:00:00Z') })
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-suspender-'))
  let store = openStore(dir)
  const desired = fakeDesired()
  desired.put(vmManifest('demo'), { references: ['DataVolume/default/root'] })
  desired.put(volumeManifest('root'), { owner: vm })
  const observed = fakeObserved()
  observed.setNode('h1')
  const events: EventDraft[] = []
  const decisions: Decision[] = []
  const audit = { fails: false, untold: false }
  const again: (readonly string[] | undefined)[] = []
  const open = () =>
    createSuspender({
      records: store.suspensions,
      desired: () => desired,
      observed,
      record: (event) => {
        if (audit.untold) throw new Error('database or disk is full')
        events.push(event)
      },
      transaction: (work) => store.transaction(work),
      decided: (decision) => {
        if (audit.fails) throw new Error('database or disk is full')
        decisions.push(decision)
      },
      again: (keys) => void again.push(keys),
      clock: { now: () => new Date() },
      log: silentLogger,
    })
  let suspender = open()
  atEnd(t, () => {
    suspender.close()
    mock.timers.reset()
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    events,
    decisions,
    audit,
    again,
    get suspender() {
      return suspender
    },
    list: () => store.suspensions.list(),
    restart: () => {
      suspender.close()
      store.close()
      store = openStore(dir)
      suspender = open()
      suspender.watch()
    },
  }
}

test('a suspension keeps who, why, since when and until when over a restart', (t) => {
  const world = setUp(t)
  world.suspender.suspend({ key: vm, by: 'operator', reason: 'work', for: '2h' })
  world.restart()
  assert.deepEqual(world.list(), [
    { key: vm, by: 'operator', reason: 'work', at: '2026-03-01T00:00:00.000Z', until: '2026-03-01T02:00:00.000Z' },
  ])
  assert.deepEqual(world.again, [[vm, 'DataVolume/default/root']])
})

test('it ends by itself at its time, also after a restart, and plans its object again', (t) => {
  const world = setUp(t)
  world.suspender.suspend({ key: vm, by: 'operator', reason: 'work', until: '2026-03-01T01:00:00Z' })
  world.restart()
  mock.timers.tick(3_599_999)
  assert.equal(world.list().length, 1)
  mock.timers.tick(1)
  assert.deepEqual(world.list(), [])
  assert.equal(world.events.at(-1)?.message, `The suspension of ${vm} by operator has ended: its time has come.`)
  assert.deepEqual(
    world.decisions.map(({ verb, by }) => [verb, by]),
    [
      ['Suspend', 'operator'],
      ['Resume', 'gitvirt'],
    ],
  )
  assert.equal(world.again.length, 2)
})

test('one that ran out while nothing ran ends at the start', (t) => {
  const world = setUp(t)
  world.suspender.suspend({ by: 'operator', reason: 'work', for: '1h' })
  world.suspender.close()
  mock.timers.tick(7_200_000)
  world.restart()
  assert.deepEqual(world.list(), [])
})

test('resuming tells who did it, and plans everything where the environment or a host was suspended', (t) => {
  const world = setUp(t)
  world.suspender.suspend({ key: 'Node//h1', by: 'operator', reason: 'memory' })
  world.suspender.resume({ key: 'Node//h1', by: 'other', reason: 'done' })
  assert.deepEqual(
    world.events.map(({ key, reason, message }) => [key, reason, message]),
    [
      ['Node//h1', 'Suspended', 'operator suspended Node/h1: memory'],
      ['Node//h1', 'Resumed', 'other resumed Node/h1: done'],
    ],
  )
  assert.deepEqual(world.again, [undefined, undefined])
  assert.throws(() => world.suspender.resume({ key: 'Node//h1', by: 'other' }), /Node\/h1 is not suspended/)
})

test('what is neither in Git nor on a host cannot be suspended: the word would hold back nothing', (t) => {
  const { suspender, list } = setUp(t)
  assert.throws(() => suspender.suspend({ key: 'VirtualMachine/default/dmeo', by: 'o', reason: 'r' }), { code: 'NotFound' })
  assert.throws(() => suspender.suspend({ key: 'Node//h2', by: 'o', reason: 'r' }), { code: 'NotFound' })
  assert.throws(() => suspender.suspend({ key: 'Secret/default/s', by: 'o', reason: 'r' }), { code: 'InvalidArgument' })
  assert.deepEqual(list(), [])
})

test('times that are none, past, or given twice are refused', (t) => {
  const { suspender, list } = setUp(t)
  for (const time of [
    { for: '2 hours' },
    { for: '0s' },
    { until: 'tomorrow' },
    { until: '2026-02-28T00:00:00Z' },
    { for: '1h', until: '2026-03-02T00:00:00Z' },
  ])
    assert.throws(() => suspender.suspend({ key: vm, by: 'o', reason: 'r', ...time }), { code: 'InvalidArgument' })
  assert.deepEqual(list(), [])
})

test('nothing is suspended or resumed whose receipt cannot be kept', (t) => {
  const { suspender, audit, list } = setUp(t)
  audit.fails = true
  assert.throws(() => suspender.suspend({ key: vm, by: 'operator', reason: 'work' }), /disk is full/)
  assert.deepEqual(list(), [])
  audit.fails = false
  suspender.suspend({ key: vm, by: 'operator', reason: 'work' })
  audit.fails = true
  assert.throws(() => suspender.resume({ key: vm, by: 'operator' }), /disk is full/)
  assert.equal(list().length, 1)
})

test('a suspension whose end cannot be kept ends when there is room again', (t) => {
  const { suspender, audit, list, decisions } = setUp(t)
  suspender.suspend({ key: vm, by: 'operator', reason: 'work', for: '1h' })
  audit.fails = true
  mock.timers.tick(3_600_000)
  mock.timers.tick(10_000)
  assert.equal(list().length, 1)
  audit.fails = false
  mock.timers.tick(10_000)
  assert.deepEqual(list(), [])
  assert.equal(decisions.at(-1)?.reason, 'its time has come')
})

test('nothing is suspended or resumed of which nobody could be told', (t) => {
  const { suspender, audit, list } = setUp(t)
  audit.untold = true
  assert.throws(() => suspender.suspend({ key: vm, by: 'operator', reason: 'work' }), /disk is full/)
  assert.deepEqual(list(), [])
  audit.untold = false
  suspender.suspend({ key: vm, by: 'operator', reason: 'work' })
  audit.untold = true
  assert.throws(() => suspender.resume({ key: vm, by: 'operator' }), /disk is full/)
  assert.equal(list().length, 1)
})
