import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import type { EventDraft } from '../../../../reconciler/status/events/rules.ts'
import { createStatus, type Status } from '../../../../reconciler/status/status.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { createSuspender, type Suspender } from '../../../../reconciler/suspender.ts'
import { atEnd } from '../../../at-end.ts'
import { fakeDesired, fakeObserved, vmManifest } from '../../../fakes/views.ts'

const clock = { now: () => new Date('2026-03-01T00:00:00Z'), monotonic: () => 0 }
const event = (reason: string): EventDraft => ({ key: 'VirtualMachine/default/demo', type: 'Normal', reason, message: 'It is so.' })
const reasons = (status: Status): string[] =>
  status.objects
    .list('Event')
    .map(({ reason, count }) => `${String(reason)} ${String(count)}`)
    .toSorted()

/** Status over a store whose disk is full for events when it is told so. */
function setUp(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-together-'))
  const disk = { full: false }
  let store: Store
  let status: Status
  const start = (): void => {
    const opened = openStore(dir, 'test')
    store = opened
    const put: Store['events']['put'] = (record) => {
      if (disk.full) throw new Error('database or disk is full')
      opened.events.put(record)
    }
    status = createStatus({ store: { ...opened, events: { ...opened.events, put } }, clock })
  }
  start()
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    disk,
    status: () => status,
    store: () => store,
    restart: () => {
      store.close()
      start()
    },
  }
}

function suspenderOver({ status, store }: ReturnType<typeof setUp>): Suspender {
  return createSuspender({
    records: store().suspensions,
    desired: () => undefined,
    observed: fakeObserved(),
    record: (one) => status().record(one),
    transaction: (work) => status().together(work),
    decided: () => undefined,
    again: () => undefined,
    clock,
    log: silentLogger,
  })
}

describe('what cannot be kept', () => {
  it('is not told: not now, not with the next event, not after a restart', (t) => {
    const world = setUp(t)
    world.disk.full = true
    assert.throws(() => suspenderOver(world).suspend({ by: 'operator', reason: 'a storm' }), /disk is full/)
    assert.deepEqual([world.store().suspensions.list(), reasons(world.status())], [[], []])
    world.disk.full = false
    world.status().record(event('Other'))
    assert.deepEqual(reasons(world.status()), ['Other 1'])
    world.restart()
    assert.deepEqual(reasons(world.status()), ['Other 1'])
  })

  it('is not counted, and known ones keep their count', (t) => {
    const { disk, status } = setUp(t)
    status().record(event('Known'))
    disk.full = true
    assert.throws(() => status().record(event('Known')), /disk is full/)
    assert.throws(() => status().record(event('New')), /disk is full/)
    disk.full = false
    assert.deepEqual(reasons(status()), ['Known 1'])
    status().record(event('New'))
    assert.deepEqual(reasons(status()), ['Known 1', 'New 1'])
  })

  it('is not seen by watchers, and what is kept is seen once it is', (t) => {
    const { status, store } = setUp(t)
    const seen: unknown[] = []
    status().objects.subscribe('Event', ({ type, resourceVersion }) => void seen.push([type, resourceVersion, store().isInTransaction()]))
    const before = status().objects.resourceVersion()
    const failing = (): void => {
      status().record(event('Failing'))
      throw new Error('The rest failed.')
    }
    assert.throws(() => status().together(failing), /The rest failed/)
    assert.deepEqual([seen, status().objects.resourceVersion(), status().objects.since('Event', before)], [[], before, []])
    status().record(event('Later'))
    assert.deepEqual(seen, [['ADDED', before + 1, false]])
  })

  it('does not make an object stay or go: it is told again once it can be', (t) => {
    const { status } = setUp(t)
    const [desired, observed] = [fakeDesired(), fakeObserved()]
    desired.put(vmManifest('demo'))
    const served = (): string[] =>
      status()
        .objects.list('VirtualMachine')
        .map(({ metadata }) => metadata.name)
    for (const _slice of status().refresh({ desired, observed }));
    desired.remove('VirtualMachine/default/demo')
    const key = 'VirtualMachine/default/demo'
    const failing = (): void => {
      for (const _slice of status().refresh({ desired, observed, keys: [key] }));
      throw new Error('The rest failed.')
    }
    assert.throws(() => status().together(failing), /The rest failed/)
    assert.deepEqual(served(), ['demo'])
    for (const _slice of status().refresh({ desired, observed }));
    assert.deepEqual(served(), [])
  })

  it('is not told at all in a transaction that somebody else may roll back', (t) => {
    const { status, store } = setUp(t)
    assert.throws(() => store().transaction(() => status().record(event('Foreign'))), /use Status\.together/)
    assert.deepEqual(reasons(status()), [])
  })
})
