import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { landingsOf } from '../../../reconciler/history/audit/landings.ts'
import { readReceipt } from '../../../reconciler/history/audit/receipt.ts'
import { createLedger } from '../../../reconciler/ledger.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import type { Revision } from '../../../reconciler/source/types.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import type { Receipt } from '../../../schemas/generated/receipt.ts'
import { atEnd } from '../../at-end.ts'

test('a decision leaves a receipt in the chain, and none that counts as a landing', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-ledger-'))
  const store = openStore(dir)
  atEnd(t, () => {
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

const revision = (commit: string, name: string): Revision => ({
  commit,
  tree: '',
  ref: 'main',
  author: { name, email: `${name}@example.org` },
  committedAt: '2026-01-01T00:00:00Z',
  subject: `by ${name} (#7)`,
  rewritten: false,
})

test('a receipt of an object of another source tells that source, and the author of its revision', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-ledger-'))
  const store = openStore(dir)
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true })
  })
  const [own, other] = ['a'.repeat(40), 'b'.repeat(40)]
  const ledger = createLedger({
    environment: 'prod',
    records: store.ledger,
    plans: store.plans,
    clock: systemClock,
    otherSource: (key) => (key.endsWith('/db') ? { name: 'more', commit: other } : undefined),
    notesIn: (name) => name === 'more',
    grown: () => undefined,
  })
  ledger.revision(revision(own, 'operator'), undefined)
  ledger.revision(revision(other, 'author'), undefined)
  const plan = 'c'.repeat(64)
  store.plans.put({ id: plan, node: 'h1', revision: own, sentAt: '2026-01-01T00:00:00Z', fields: {} })
  for (const key of ['VirtualMachine/default/web', 'VirtualMachine/default/db'])
    ledger.step({ plan, step: `DefineDomain:${key}`, key, node: 'h1', state: 'done', at: '2026-01-01T00:00:02Z' })
  const receipts = store.ledger.pending(10).map(({ line }) => JSON.parse(line) as Receipt)
  assert.deepEqual(
    receipts.map(({ commit, source, author }) => [commit, source, author?.name]),
    [
      [own, undefined, 'operator'],
      [own, { name: 'more', commit: other }, 'author'],
    ],
  )
  const copies = store.ledger.copiesOf('more')
  assert.deepEqual(
    copies.pending(10).map(({ commit, sequence }) => [commit, sequence]),
    [[other, 2]],
  )
  assert.deepEqual(store.ledger.copiesOf('less').pending(10), [])
  copies.noted(2)
  assert.deepEqual([copies.pending(10).length, store.ledger.pending(10).length], [0, 2])
  // It landed with the commit of its own source, whose signer its receipt tells.
  const landed = (commit: string): unknown[] =>
    landingsOf('VirtualMachine/default/db', { commit }, { receipts, contains: (newer, older) => newer === older })
  assert.deepEqual([landed(other).length, landed(own).length], [1, 0])
})
