import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { landingsOf } from '../../../reconciler/history/audit/landings.ts'
import { readReceipt } from '../../../reconciler/history/audit/receipt.ts'
import { createLedger } from '../../../reconciler/ledger.ts'
import { openStore } from '../../../reconciler/store/store.ts'

test('a decision leaves a receipt in the chain, and none that counts as a landing', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-ledger-'))
  const store = openStore(dir)
  t.after(() => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const ledger = createLedger({
    environment: 'prod',
    records: store.ledger,
    plans: store.plans,
    clock: { now: () => new Date('2026-01-01T00:00:00Z') },
    grown: () => undefined,
  })
  const commit = 'a'.repeat(40)
  const key = 'VirtualMachine/default/demo'
  const decision = {
    verb: 'Suspend',
    key,
    by: 'operator',
    reason: 'work',
    at: '2026-01-01T00:00:00.000Z',
    until: '2026-01-01T02:00:00.000Z',
  } as const
  ledger.decided(decision, undefined)
  assert.equal(store.ledger.pending(10).length, 0)
  ledger.decided(decision, commit)
  ledger.decided({ ...decision, verb: 'Resume', at: '2026-01-01T01:00:00.000Z' }, commit)
  const read = store.ledger.pending(10).map(({ line }) => readReceipt(line))
  assert.deepEqual(
    read.map(({ fault }) => fault),
    [undefined, undefined],
  )
  const receipts = read.flatMap(({ receipt }) => receipt ?? [])
  assert.deepEqual(
    receipts.map(({ step, object, decision: made }) => [step, object, made]),
    [
      ['Suspend', key, { by: 'operator', reason: 'work', until: '2026-01-01T02:00:00.000Z' }],
      ['Resume', key, { by: 'operator', reason: 'work', until: '2026-01-01T02:00:00.000Z' }],
    ],
  )
  assert.equal(receipts[1]?.previous, receipts[0]?.digest)
  assert.deepEqual(landingsOf(key, { commit }, { receipts, contains: () => true }), [])
})
