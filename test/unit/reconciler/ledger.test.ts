import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLedger } from '../../../reconciler/ledger.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import type { Revision } from '../../../reconciler/source/types.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import type { Receipt } from '../../../schemas/generated/receipt.ts'

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
  t.after(() => {
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
})
