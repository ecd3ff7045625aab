import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createMemoryBlobCache } from '../../../../reconciler/desired/cache.ts'
import { openHistory, type HistoryOptions } from '../../../../reconciler/history/history.ts'
import { logReport, type LogEntry, type LogQuery } from '../../../../reconciler/history/report/log-report.ts'
import { Repository, web } from './repository.ts'

async function entries(options: HistoryOptions, query: LogQuery = {}): Promise<readonly LogEntry[]> {
  const history = await openHistory(options)
  try {
    return (await logReport(history, query)).entries
  } finally {
    await history.close()
  }
}

/** Some blobs that were judged, by their number. */
function counting(): { readonly cache: NonNullable<HistoryOptions['cache']>; readonly judged: () => number } {
  let judged = 0
  const cache = createMemoryBlobCache()
  return {
    judged: () => judged,
    cache: {
      get: (ids) => cache.get(ids),
      put: (made) => {
        const all = [...made]
        judged += all.length
        cache.put(all)
      },
    },
  }
}

/** Objects that come, change, go and come again, a merge, an evil merge, and a time when a file cannot be read. */
function eventful(t: TestContext): Repository {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web(), 'old.yaml': web({ name: 'old' }) })
  repository.commit({ 'old.yaml': null })
  repository.commit({ 'web.yaml': web({ cores: 2 }) })
  repository.commit({ 'web.yaml': 'kind: VirtualMachine\nmetadata: {name: web\n' })
  repository.commit({ 'other.yaml': web({ name: 'other' }) })
  repository.commit({ 'web.yaml': web({ cores: 3 }) })
  repository.git('checkout', '--quiet', '-b', 'topic')
  repository.commit({ 'web.yaml': web({ cores: 3, memory: '2Gi' }), 'old.yaml': web({ name: 'old', cores: 4 }) })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ 'other.yaml': web({ name: 'other', label: 'b' }) })
  repository.merge('topic', "Merge branch 'topic'", { 'new.yaml': web({ name: 'new' }) })
  repository.commit({ 'new.yaml': null, 'moved/new.yaml': web({ name: 'new', cores: 5 }) })
  repository.commit({ 'other.yaml': null })
  return repository
}

test('the newest changes of all objects are the head of the whole history, wherever the reading begins', async (t) => {
  const options = { repo: eventful(t).dir }
  const whole = await entries(options)
  assert.deepEqual(
    whole.flatMap(({ changes }) => changes.map(({ object, change }) => `${change} ${object.split('/')[2] ?? ''}`)),
    [
      'deleted other',
      'changed new',
      'created new',
      'recreated old',
      'changed web',
      'changed other',
      'changed web',
      'created other',
      'unreadable web',
      'changed web',
      'deleted old',
      'created old',
      'created web',
    ],
  )
  for (const first of [1, 4]) {
    for (let limit = 1; limit <= whole.length + 1; limit += 1)
      assert.deepEqual(await entries(options, { limit, first }), whole.slice(0, limit), `${limit} from ${first}`)
    for (const { committedAt } of whole.filter((_, index) => index % 4 === 0)) {
      const since = Date.parse(committedAt)
      const wanted = whole.filter((entry) => Date.parse(entry.committedAt) >= since)
      assert.deepEqual(await entries(options, { since, first }), wanted, `since ${committedAt} from ${first}`)
      assert.deepEqual(await entries(options, { since, limit: 2, first }), wanted.slice(0, 2))
    }
  }
  assert.deepEqual(await entries(options, { since: Date.UTC(2030), first: 1 }), [])
})

test('of a long history only the newest commits and what stood before them are judged', async (t) => {
  const repository = new Repository(t)
  for (let index = 0; index < 40; index += 1) repository.commit({ 'web.yaml': web({ cores: index + 1 }) })
  const all = counting()
  const whole = await entries({ repo: repository.dir, cache: all.cache })
  assert.equal(all.judged(), 40)
  const few = counting()
  assert.deepEqual(await entries({ repo: repository.dir, cache: few.cache }, { limit: 3, first: 4 }), whole.slice(0, 3))
  assert.equal(few.judged(), 4)
})

test('an overlay is read whole, as its files may stand anywhere', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'env/web.yaml': web() })
  repository.commit({ 'env/web.yaml': null, 'env/kustomization.yaml': 'helmCharts: [{name: x}]\n' })
  const options = { repo: repository.dir, path: 'env' }
  assert.deepEqual(await entries(options, { limit: 1, first: 1 }), (await entries(options)).slice(0, 1))
})
