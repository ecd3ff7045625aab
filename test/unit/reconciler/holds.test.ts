import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DesiredView } from '../../../reconciler/desired/types.ts'
import { openHolds, type HoldParts } from '../../../reconciler/holds.ts'
import { createLedger } from '../../../reconciler/ledger.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import { atEnd } from '../../at-end.ts'
import { fakeDesired, fakeObserved, vmManifest } from '../../fakes/views.ts'

test('what ends while the reconciler is off leaves a receipt at the last commit that was in force', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-holds-'))
  const store = openStore(dir)
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const desired = fakeDesired()
  const key = desired.put(vmManifest('demo'))
  const clock = { now: new Date('2026-03-01T00:00:00Z') }
  /** As from a start to the next stop. */
  const session = async (view: DesiredView | undefined, work: (holds: ReturnType<typeof openHolds>) => void): Promise<void> => {
    await using stack = new AsyncDisposableStack()
    const now = { now: () => clock.now }
    const ledger = createLedger({ environment: 'prod', records: store.ledger, plans: store.plans, clock: now, grown: () => undefined })
    const neighbours = {
      loop: { view: () => view, enqueue: () => undefined },
      observed: { view: fakeObserved(), watch: () => () => undefined },
      status: { record: () => undefined, together: <T>(work: () => T): T => store.transaction(work) },
    }
    work(openHolds({ ...neighbours, store, ledger, clock: now, log: silentLogger, stack } as unknown as HoldParts))
  }
  await session(desired, ({ suspender }) => void suspender.suspend({ key, by: 'operator', reason: 'work', for: '1h' }))
  clock.now = new Date('2026-03-01T02:00:00Z')
  await session(undefined, () => undefined)
  assert.deepEqual(store.suspensions.list(), [])
  assert.deepEqual(
    store.ledger.pending(10).map(({ commit, line }) => [commit, (JSON.parse(line) as { step: string }).step]),
    [
      [desired.revision, 'Suspend'],
      [desired.revision, 'Resume'],
    ],
  )
})
