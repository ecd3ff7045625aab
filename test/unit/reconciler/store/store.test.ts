import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import type { StoredObject } from '../../../../reconciler/store/observations.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { atEnd } from '../../../at-end.ts'
import { nodeFacts } from '../../../fakes/views.ts'

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-store-'))
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  return join(dir, 'state')
}

function reopened(store: Store, dir: string): Store {
  store.close()
  return openStore(dir)
}

test('makes a database that only its owner can read', (t) => {
  const dir = folder(t)
  const store = openStore(dir)
  atEnd(t, () => store.close())
  assert.equal(statSync(join(dir, 'state.db')).mode & 0o777, 0o600)
  assert.equal(statSync(dir).mode & 0o777, 0o700)
})

test('keeps records, decisions and observations over a restart', (t) => {
  const dir = folder(t)
  let store = openStore(dir)
  const record = {
    uid: 'u',
    createdAt: '2026-01-01T00:00:00Z',
    generation: 3,
    observedGeneration: 2,
    specDigest: 's',
    contentDigest: 'c',
    resourceVersion: 7,
    deletedAt: '2026-01-02T00:00:00Z',
    conditions: [{ type: 'Ready', status: 'True' as const, reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    marks: { phase: 'Running' },
  }
  const kept = { summary: 'Running', body: '{}' }
  store.objects.put('VirtualMachine/default/a', record)
  store.objects.put('VirtualMachine/default/b', record, kept)
  store.suspensions.put({ key: 'VirtualMachine/default/a', by: 'me', reason: 'work', at: '2026-01-01T00:00:00Z' })
  store.approvals.add({ plan: 'p1', by: 'me', at: '2026-01-01T00:00:00Z' })
  store.approvals.add({ plan: 'p1', by: 'you', at: '2026-01-02T00:00:00Z' })
  const seen = { key: 'VirtualMachine/default/a', text: 'kept' }
  store.observations.save({ node: 'h1', seenAt: '2026-01-01T00:00:00Z', facts: nodeFacts('h1'), objects: [seen], gone: [], full: true })
  store.applied.put({ key: 'VirtualMachine/default/a', node: 'h1', revision: 'r1', at: '2026-01-01T00:00:00Z' })
  store.plans.put({ id: 'p1', node: 'h1', revision: 'r1', sentAt: '2026-01-01T00:00:00Z', fields: { s: ['a.b'] } })
  store = reopened(store, dir)
  atEnd(t, () => store.close())
  assert.deepEqual(store.objects.get('VirtualMachine/default/a'), { record })
  assert.deepEqual(store.objects.get('VirtualMachine/default/b'), { record, kept })
  assert.deepEqual(store.objects.keys(), [
    [null, ['VirtualMachine/default/a']],
    ['Running', ['VirtualMachine/default/b']],
  ])
  assert.equal(store.suspensions.list()[0]?.reason, 'work')
  assert.deepEqual(store.approvals.list(), [{ plan: 'p1', by: 'you', at: '2026-01-02T00:00:00Z' }])
  assert.deepEqual(store.observations.objects('h1'), [seen])
  assert.deepEqual(store.observations.nodes(), [{ name: 'h1', seenAt: '2026-01-01T00:00:00Z', facts: nodeFacts('h1') }])
  assert.equal(store.applied.get('VirtualMachine/default/a')[0]?.revision, 'r1')
  assert.deepEqual(store.plans.get('p1')?.fields, { s: ['a.b'] })
})

test('a full observation forgets what the node no longer tells, a partial one only what is gone', (t) => {
  const store = openStore(folder(t))
  atEnd(t, () => store.close())
  const [a, b] = ['a', 'b'].map((name) => ({ key: `VirtualMachine/default/${name}`, text: name })) as [StoredObject, StoredObject]
  store.observations.save({ node: 'h1', seenAt: 't', facts: nodeFacts('h1'), objects: [a, b], gone: [], full: true })
  store.observations.save({ node: 'h1', seenAt: 't', objects: [], gone: [b.key], full: false })
  assert.deepEqual(
    store.observations.objects('h1').map((object) => object.key),
    [a.key],
  )
  store.observations.save({ node: 'h1', seenAt: 't', objects: [], gone: [], full: true })
  assert.deepEqual(store.observations.objects('h1'), [])
})

test('rolls everything back when a transaction throws, nested calls included', (t) => {
  const store = openStore(folder(t))
  atEnd(t, () => store.close())
  store.settings.put('a', '1')
  assert.throws(
    () =>
      store.transaction(() => {
        store.transaction(() => store.settings.put('a', '2'))
        throw new Error('stop')
      }),
    /stop/,
  )
  assert.equal(store.settings.get('a'), '1')
})

test('keeps only the hash of a token and refuses it once expired or revoked', (t) => {
  const dir = folder(t)
  const store = openStore(dir)
  atEnd(t, () => store.close())
  const token = store.tokens.issue({
    name: 'ci',
    groups: ['gitvirt:viewers'],
    createdAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-02T00:00:00Z',
  })
  assert.equal(store.tokens.verify(token, new Date('2026-01-01T12:00:00Z'))?.name, 'ci')
  assert.equal(store.tokens.verify(token, new Date('2026-01-02T00:00:00Z')), undefined)
  assert.equal(store.tokens.verify(`${token}x`, new Date('2026-01-01T12:00:00Z')), undefined)
  const bytes = Buffer.concat(['state.db', 'state.db-wal'].map((file) => readFileSync(join(dir, file))))
  assert.equal(bytes.includes(token), false)
  assert.equal(store.tokens.revoke('ci'), true)
  assert.equal(store.tokens.verify(token, new Date('2026-01-01T12:00:00Z')), undefined)
})

test('forgets the oldest of very many plans', (t) => {
  const store = openStore(folder(t))
  atEnd(t, () => store.close())
  store.transaction(() => {
    for (let index = 0; index < 10_500; index += 1)
      store.plans.put({ id: `p${index}`, node: 'h1', revision: 'r1', sentAt: new Date(index * 1000).toISOString(), fields: {} })
  })
  assert.equal(store.plans.get('p499'), undefined)
  assert.equal(store.plans.get('p500')?.node, 'h1')
})

test('keeps the chain of receipts, what of it is noted, and each end of a step once', (t) => {
  const dir = folder(t)
  let store = openStore(dir)
  assert.equal(store.ledger.head(), undefined)
  for (const sequence of [1, 2, 3])
    store.ledger.append({
      sequence,
      digest: `d${sequence}`,
      commit: 'c',
      line: `l${sequence}`,
      plan: 'p',
      step: `s${sequence}`,
      result: 'succeeded',
      at: 't',
    })
  store.ledger.noted(2)
  store = reopened(store, dir)
  atEnd(t, () => store.close())
  assert.deepEqual(store.ledger.head(), { sequence: 3, digest: 'd3' })
  assert.deepEqual(store.ledger.pending(10), [{ sequence: 3, digest: 'd3', commit: 'c', line: 'l3' }])
  const end = { plan: 'p', step: 's1', result: 'succeeded', at: 't' }
  assert.deepEqual(
    [store.ledger.has(end), store.ledger.has({ ...end, at: 'later' }), store.ledger.has({ ...end, result: 'failed' })],
    [true, false, false],
  )
})

test('refuses a database that a later version wrote', (t) => {
  const dir = folder(t)
  openStore(dir).close()
  const db = new DatabaseSync(join(dir, 'state.db'))
  db.exec('PRAGMA user_version = 999')
  db.close()
  assert.throws(() => openStore(dir), { code: 'StoreTooNew' })
})

test('lists receipts newest first, by key', (t) => {
  const store = openStore(folder(t))
  atEnd(t, () => store.close())
  const receipt = { plan: 'p', step: 'StartDomain:k', key: 'k', node: 'h', at: 't' }
  store.receipts.append({ ...receipt, state: 'started' })
  store.receipts.append({ ...receipt, state: 'failed', code: 'Boom', message: 'no' })
  store.receipts.append({ ...receipt, key: 'other', state: 'done' })
  assert.deepEqual(
    store.receipts.list({ key: 'k' }).map(({ state, code }) => [state, code]),
    [
      ['failed', 'Boom'],
      ['started', undefined],
    ],
  )
})

test('keeps what plans found settled for the same version of the code only', (t) => {
  const dir = folder(t)
  const open = (version: string): Store => openStore(dir, version)
  let store = open('1')
  store.settled.set('VirtualMachine/default/a', 'x')
  store.settled.set('VirtualMachine/default/b', 'y')
  store.settled.delete('VirtualMachine/default/b')
  store.settled.save()
  store.settled.set('VirtualMachine/default/c', 'never saved')
  store.close()
  store = open('1')
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => store.settled.get(`VirtualMachine/default/${name}`)),
    ['x', undefined, undefined],
  )
  store.close()
  store = open('2')
  atEnd(t, () => store.close())
  assert.equal(store.settled.get('VirtualMachine/default/a'), undefined)
})

test('awaits no approval in Git again that has named its change', (t) => {
  const store = openStore(folder(t))
  const one = { commit: 'c'.repeat(40), token: 'a'.repeat(64) }
  store.gitApprovals.await(one)
  assert.deepEqual(store.gitApprovals.pending(), [one])
  store.gitApprovals.settle(one)
  store.gitApprovals.await(one)
  assert.deepEqual(store.gitApprovals.pending(), [])
  store.close()
})
