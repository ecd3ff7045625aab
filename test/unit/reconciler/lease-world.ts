import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, type TestContext } from 'node:test'
import type { Decision } from '../../../reconciler/decision.ts'
import { createLeaseKeeper } from '../../../reconciler/lease-keeper.ts'
import type { Adopt, LeasePorts } from '../../../reconciler/lease-ports.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import type { EventDraft } from '../../../reconciler/status/events/rules.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import { atEnd } from '../../at-end.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest } from '../../fakes/views.ts'

export const vm = 'VirtualMachine/default/demo'
/** A lease of two hours that is reverted. */
export const request = { key: vm, by: 'operator', reason: 'incident', for: '2h', ending: 'revert' } as const
/** Lets promises that are settled go on. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

/** A keeper of leases over a real store, with a machine on one host, and all that it tells. */
export function setUp(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-03-01T00:00:00Z') })
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-leases-'))
  let store = openStore(dir)
  const desired = fakeDesired()
  desired.put(vmManifest('demo'))
  const observed = fakeObserved()
  observed.setNode('h1')
  observed.see('h1', machineSeen(vmManifest('demo')))
  const events: EventDraft[] = []
  const decisions: Decision[] = []
  const audit = { fails: false, untold: false }
  const sent: Parameters<LeasePorts['send']>[0][] = []
  const on = {
    refuse: undefined as Error | undefined,
    allowed: true,
    viewed: true,
    adopt: (async () => ({ branch: 'gitvirt/adopt/demo', left: [] })) as Adopt,
  }
  const open = () =>
    createLeaseKeeper({
      records: store.leases,
      desired: () => (on.viewed ? desired : undefined),
      observed,
      policy: () => ({ allowed: on.allowed, longestMilliseconds: 4 * 3_600_000, keptMilliseconds: 24 * 3_600_000 }),
      send: async (lease) => {
        sent.push(lease)
        if (on.refuse !== undefined) throw on.refuse
      },
      adopt: async (lease) => await on.adopt(lease),
      record: (event) => {
        if (audit.untold) throw new Error('database or disk is full')
        events.push(event)
      },
      transaction: (work) => store.transaction(work),
      decided: (decision) => {
        if (audit.fails) throw new Error('database or disk is full')
        decisions.push(decision)
      },
      again: () => undefined,
      clock: { now: () => new Date() },
      log: silentLogger,
    })
  let keeper = open()
  atEnd(t, () => {
    keeper.close()
    mock.timers.reset()
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    on,
    desired,
    observed,
    events,
    decisions,
    audit,
    sent,
    get keeper() {
      return keeper
    },
    records: () => store.leases.list(),
    /** What the host says it keeps. */
    hostHas: (id?: string) => {
      const lease = id === undefined ? {} : { lease: { id, until: '2026-03-01T02:00:00.000Z' } }
      observed.see('h1', machineSeen(vmManifest('demo'), lease))
      keeper.watch()
    },
    restart: () => {
      keeper.close()
      store.close()
      store = openStore(dir)
      keeper = open()
      keeper.watch()
    },
  }
}
