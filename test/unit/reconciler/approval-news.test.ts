import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createApprovalNews, type ApprovalNews } from '../../../reconciler/approval-news.ts'
import { createStatus } from '../../../reconciler/status/status.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import { atEnd } from '../../at-end.ts'

type World = { readonly told: string[]; readonly news: () => ApprovalNews }

/** News over settings that outlive them. */
function openWorld(): World {
  const told: string[] = []
  const values = new Map<string, string>()
  const settings = { get: (name: string) => values.get(name), put: (name: string, value: string) => void values.set(name, value) }
  const status = {
    record: ({ type, reason }: { type: string; reason: string }) => void told.push(`${type} ${reason}`),
    together: <T>(work: () => T): T => work(),
  }
  return { told, news: () => createApprovalNews({ status, store: { settings } }) }
}

const never = (): boolean => assert.fail('looked without need')
const yes = (): boolean => true
const no = (): boolean => false

test('words that do not count are over when nothing waits for an approval, once, also after a restart', () => {
  const { told, news } = openWorld()
  const first = news()
  first.ignored('It is not signed.')
  first.settle({ waits: yes, pending: never })
  assert.deepEqual(told, ['Warning ApprovalIgnored'])
  const second = news()
  second.settle({ waits: no, pending: never })
  second.settle({ waits: never, pending: never })
  assert.deepEqual(told, ['Warning ApprovalIgnored', 'Normal NothingToApprove'])
  second.ignored('It is not signed.')
  second.settle({ waits: no, pending: never })
  assert.equal(told.length, 4)
})

test('an approval that names nothing is over when none is left, whatever else waits', () => {
  const { told, news } = openWorld()
  news().pending('It names nothing.')
  news().settle({ waits: never, pending: yes })
  assert.equal(told.length, 1)
  news().settle({ waits: never, pending: no })
  news().settle({ waits: never, pending: never })
  assert.deepEqual(told, ['Warning ApprovalPending', 'Normal NoApprovalPending'])
})

test('where nothing was told, nothing is looked at', () => {
  openWorld().news().settle({ waits: never, pending: never })
})

test('words of which it cannot be kept that they were told are not told, and no version is lost to them', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-approval-news-'))
  const store = openStore(dir, 'test')
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const put = (): never => assert.fail('database or disk is full')
  const status = createStatus({ store, clock: { now: () => new Date('2026-03-01T00:00:00Z'), monotonic: () => 0 } })
  const news = createApprovalNews({ status, store: { settings: { ...store.settings, put } } })
  assert.throws(() => news.ignored('It is not signed.'), /disk is full/)
  assert.deepEqual([status.objects.count('Event'), status.objects.resourceVersion(), store.events.list().length], [0, 0, 0])
})
