import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chain, chainStart, receiptLine } from '../../../../reconciler/history/audit/receipt.ts'
import { openHistory } from '../../../../reconciler/history/history.ts'
import { blameReport } from '../../../../reconciler/history/report/blame-report.ts'
import { logReport } from '../../../../reconciler/history/report/log-report.ts'
import { manifest } from '../../../unit/reconciler/history/model.ts'
import { blame, log, Repository, start, web, webKey } from './repository.ts'

const db = manifest({ ...start, name: 'db' })

test('moves, renames, splits and reformatting are no changes, and blame goes through them', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'env/all.yaml': `${web()}---\n${db}` })
  const memory = repository.commit({ 'env/all.yaml': `${web({ memory: '2Gi' })}---\n${db}` })
  repository.commit({ 'env/all.yaml': null, 'env/web.yaml': web({ memory: '2Gi' }), 'env/db.yaml': db }, 'split')
  repository.commit({ 'env/web.yaml': null, 'env/vms/www.json': manifest({ ...start, memory: '2Gi' }, { json: true }) }, 'rename')
  const cores = repository.commit(
    { 'env/vms/www.json': null, 'env/db.yaml': `# both\n${db}---\n${web({ memory: '2Gi', cores: 4 })}` },
    'join',
  )
  repository.commit(
    { 'env/db.yaml': `${db}---\n${web({ memory: '2048Mi', cores: 4, disks: start.disks.toReversed() })}` },
    'order and unit',
  )
  const order = repository.head()
  repository.commit({ 'README.md': 'not of the environment' })
  const options = { repo: repository.dir, path: 'env' }
  assert.deepEqual(await log(options), [
    [order, 'changed'],
    [cores, 'changed'],
    [memory, 'changed'],
    [created, 'created'],
  ])
  assert.deepEqual(await blame(options), { label: created, cores, memory, root: created, data: created })
  assert.deepEqual(await log(options, 'VirtualMachine/default/db'), [[created, 'created']])
})

test('a rebased commit is blamed by its new id, and a force-push leaves nothing of the old history', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'web.yaml': web() })
  repository.git('checkout', '--quiet', '-b', 'topic')
  const old = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  repository.git('checkout', '--quiet', 'main')
  const label = repository.commit({ 'web.yaml': web({ label: 'b' }) })
  repository.git('checkout', '--quiet', 'topic')
  repository.git('rebase', '--quiet', 'main')
  const rebased = repository.head()
  assert.notEqual(rebased, old)
  const options = { repo: repository.dir }
  assert.deepEqual(await log(options), [
    [rebased, 'changed'],
    [label, 'changed'],
    [created, 'created'],
  ])
  assert.deepEqual(await blame(options), { label, cores: created, memory: rebased, root: created, data: created })
})

test('a merge has no say in what its sides changed, and is named with its pull request', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'web.yaml': web() })
  repository.git('checkout', '--quiet', '-b', 'topic')
  const memory = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) }, 'more memory', 'author-b')
  repository.git('checkout', '--quiet', 'main')
  const label = repository.commit({ 'web.yaml': web({ label: 'b' }) }, 'another label (#11)')
  const merge = repository.merge('topic', 'Merge pull request #12 from author-b/topic', { 'web.yaml': web({ label: 'b', memory: '2Gi' }) })
  const options = { repo: repository.dir }
  assert.deepEqual((await log(options)).map(([commit]) => commit).toSorted(), [created, memory, label].toSorted())
  assert.deepEqual(await blame(options), { label, cores: created, memory, root: created, data: created })
  assert.deepEqual(await log({ ...options, firstParent: true }), [
    [merge, 'changed'],
    [label, 'changed'],
    [created, 'created'],
  ])
  await using stack = new AsyncDisposableStack()
  const history = stack.adopt(await openHistory(options), async (value) => await value.close())
  const stories = await history.stories([memory, label])
  assert.equal(stories.get(memory)?.pullRequest, '#12')
  assert.equal(stories.get(memory)?.mergeCommit, merge)
  assert.equal(stories.get(memory)?.author.name, 'author-b')
  assert.equal(stories.get(label)?.pullRequest, '#11')
  assert.equal(stories.get(label)?.mergeCommit, undefined)
})

test("what only the merge brought is the merge's, field by field", async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'web.yaml': web() })
  repository.git('checkout', '--quiet', '-b', 'topic')
  const memory = repository.commit({ 'web.yaml': web({ memory: '2Gi', cores: 2 }) })
  repository.git('checkout', '--quiet', 'main')
  const label = repository.commit({ 'web.yaml': web({ label: 'b', cores: 3 }) })
  const merge = repository.merge('topic', 'evil', { 'web.yaml': web({ label: 'b', memory: '2Gi', cores: 5 }) })
  const options = { repo: repository.dir }
  assert.deepEqual(await blame(options), { label, cores: merge, memory, root: created, data: created })
  assert.deepEqual((await log(options))[0], [merge, 'changed'])
})

test('a merge that goes back to what the main line had left behind has undone the change itself', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web() })
  repository.git('checkout', '--quiet', '-b', 'topic')
  repository.commit({ 'other.yaml': db })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  const merge = repository.merge('topic', 'undo', { 'web.yaml': web() })
  assert.deepEqual((await log({ repo: repository.dir }))[0], [merge, 'changed'])
  assert.equal((await blame({ repo: repository.dir }))['memory'], merge)
})

test('deletion and re-creation are told; a change on a deleted branch is not', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'web.yaml': web() })
  const deleted = repository.commit({ 'web.yaml': null })
  await assert.rejects(blame({ repo: repository.dir }), {
    code: 'ObjectNotFound',
    message: new RegExp(`deleted by ${deleted.slice(0, 12)}`),
  })
  const again = repository.commit({ 'again.yaml': web({ memory: '3Gi' }) })
  assert.deepEqual(await log({ repo: repository.dir }), [
    [again, 'recreated'],
    [deleted, 'deleted'],
    [created, 'created'],
  ])
  assert.deepEqual(new Set(Object.values(await blame({ repo: repository.dir }))), new Set([again]))
})

test('a broken file is told and invents no change; blame shows what was last readable', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'web.yaml': web() })
  const broken = repository.commit({ 'web.yaml': 'kind: [\n' })
  const stillBroken = repository.commit({ 'web.yaml': 'kind: {\n' })
  assert.notEqual(stillBroken, broken)
  const options = { repo: repository.dir }
  assert.deepEqual(await log(options), [
    [broken, 'unreadable'],
    [created, 'created'],
  ])
  assert.equal((await blame(options))['memory'], created)
  const mended = repository.commit({ 'web.yaml': `# mended\n${web({ label: 'b' })}` })
  assert.deepEqual(await log(options), [
    [mended, 'changed'],
    [broken, 'unreadable'],
    [created, 'created'],
  ])
  assert.deepEqual(await blame(options), { label: mended, cores: created, memory: created, root: created, data: created })
})

test('a link in the place of a folder makes its objects unreadable, not deleted', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'vms/web.yaml': web() })
  repository.write({ vms: null })
  repository.git('config', 'core.symlinks', 'true')
  const { symlinkSync } = await import('node:fs')
  symlinkSync('/etc', `${repository.dir}/vms`)
  const linked = repository.commit({})
  const back = repository.commit({ vms: null })
  assert.deepEqual(await log({ repo: repository.dir }), [
    [back, 'deleted'],
    [linked, 'unreadable'],
    [created, 'created'],
  ])
})

test('volumes of a template have a history of their own, and Secrets show no value', async (t) => {
  const repository = new Repository(t)
  const templates = (size: string): string =>
    [
      '- metadata:',
      '    name: web-root',
      '  spec:',
      `    storage: { resources: { requests: { storage: ${size} } } }`,
      '    source: { blank: {} }',
    ]
      .map((line) => `    ${line}\n`)
      .join('')
  const template = (size: string): string =>
    web()
      .replace('  template:\n', `  dataVolumeTemplates:\n${templates(size)}  template:\n`)
      .replace(/(- name: root\n +)emptyDisk:\n +capacity: 1Gi/, '$1dataVolume: { name: web-root }')
  const secret = (value: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\nstringData:\n  word: ${value}\n`
  const created = repository.commit({ 'web.yaml': template('1Gi'), 'secret.yaml': secret('hunter2') })
  const grown = repository.commit({ 'web.yaml': template('2Gi'), 'secret.yaml': secret('hunter3') })
  await using stack = new AsyncDisposableStack()
  const history = stack.adopt(await openHistory({ repo: repository.dir }), async (value) => await value.close())
  const { entries } = await logReport(history, { object: 'DataVolume/default/web-root' })
  assert.deepEqual(
    entries.map(({ commit }) => commit),
    [grown, created],
  )
  assert.deepEqual(
    entries[0]?.changes[0]?.fields.map(({ path, before, after, disruption }) => ({ path, before, after, disruption })),
    [{ path: 'spec.storage.resources.requests.storage', before: '1Gi', after: '2Gi', disruption: 'hotplug' }],
  )
  const told = JSON.stringify([await logReport(history), await blameReport(history, 'Secret/default/key')])
  assert.match(told, /stringData\.word/)
  assert.doesNotMatch(told, /hunter/)
})

test('defaults are marked, and fields that Git sets are not', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web() })
  await using stack = new AsyncDisposableStack()
  const history = stack.adopt(await openHistory({ repo: repository.dir }), async (value) => await value.close())
  const { fields } = await blameReport(history, webKey)
  const marked = new Map(fields.map((field) => [field.field, field.default === true]))
  assert.equal(marked.get('spec.template.spec.domain.cpu.cores'), false)
  assert.equal(marked.get('spec.template.spec.domain.cpu.sockets'), true)
  assert.equal(marked.get('spec.template.spec.domain.machine.type'), true)
  assert.equal(marked.get('spec.runStrategy'), false)
})

test('receipts in the notes tell where a change landed, also when it landed with a later revision', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'env/web.yaml': web() })
  const memory = repository.commit({ 'env/web.yaml': web({ memory: '2Gi' }) })
  const applied = repository.commit({ 'README.md': 'pushed together' })
  const body = {
    environment: 'env',
    plan: 'a'.repeat(64),
    object: webKey,
    node: 'kvm1',
    startedAt: '2026-01-02T00:00:00Z',
    result: 'succeeded' as const,
    signer: { kind: 'ssh' as const, key: 'SHA256:x', name: 'author-a@example.org' },
  }
  const first = chain(chainStart, { ...body, commit: created, step: 'DefineDomain', endedAt: '2026-01-02T00:00:01Z' })
  const failed = chain(first, {
    ...body,
    commit: applied,
    step: 'RestartDomain',
    endedAt: '2026-01-02T00:01:00Z',
    result: 'failed',
    error: 'X',
  })
  const path = 'spec.template.spec.domain.memory.guest'
  const second = chain(failed, { ...body, commit: applied, step: 'RestartDomain', endedAt: '2026-01-02T00:02:00Z', fields: [path] })
  repository.git('notes', '--ref=gitvirt', 'add', '-m', receiptLine(first), created)
  repository.git('notes', '--ref=gitvirt', 'add', '-m', `${receiptLine(failed)}\n${receiptLine(second)}`, applied)
  await using stack = new AsyncDisposableStack()
  const history = stack.adopt(await openHistory({ repo: repository.dir, path: 'env' }), async (value) => await value.close())
  const { fields } = await blameReport(history, webKey)
  const landed = (name: string): unknown =>
    fields.find(({ field }) => field === name)?.landed?.map(({ node, at, commit }) => ({ node, at, commit }))
  assert.deepEqual(landed(path), [{ node: 'kvm1', at: second.endedAt, commit: applied }])
  assert.deepEqual(landed('metadata.labels.app'), [{ node: 'kvm1', at: first.endedAt, commit: created }])
  const { entries } = await logReport(history, { object: webKey })
  assert.deepEqual(
    entries.map(({ commit, changes, signer }) => [commit, changes[0]?.landed?.[0]?.at, signer?.name]),
    [
      [memory, second.endedAt, undefined],
      [created, first.endedAt, 'author-a@example.org'],
    ],
  )
})

test('a work tree of the repository, a bare clone and a sub-folder are read alike; a folder without a repository is told', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'env/web.yaml': web() })
  repository.git('clone', '--quiet', '--bare', '.', 'bare.git')
  repository.git('worktree', 'add', '--quiet', 'tree')
  for (const folder of ['', 'env', 'bare.git', 'tree']) {
    assert.deepEqual(await log({ repo: `${repository.dir}/${folder}`, path: '/env/' }), [[created, 'created']], folder)
  }
  await assert.rejects(log({ repo: '/proc' }), { code: 'RepositoryNotFound' })
  await assert.rejects(log({ repo: repository.dir, ref: 'none' }), { code: 'RefNotFound' })
  await assert.rejects(log({ repo: repository.dir, ref: '--output=/tmp/x' }), { code: 'RefNotFound' })
})

test('nothing that the repository configures is run, and its replace refs and grafts have no say', async (t) => {
  const repository = new Repository(t)
  const created = repository.commit({ 'web.yaml': web() })
  const changed = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  const { existsSync } = await import('node:fs')
  const mark = `${repository.dir}/ran`
  for (const name of ['core.fsmonitor', 'diff.external', 'gpg.program', 'core.pager', 'core.sshCommand'])
    repository.git('config', name, `touch ${mark}; false`)
  repository.git('config', 'log.showSignature', 'true')
  repository.write({ '.git/info/grafts': `${changed}\n`, '.git/info/attributes': '* diff=evil\n' })
  repository.git('config', 'diff.evil.textconv', `touch ${mark}; cat`)
  const other = repository.git('commit-tree', '-m', 'other', `${created}^{tree}`)
  repository.git('replace', changed, other)
  assert.deepEqual(await log({ repo: repository.dir }), [
    [changed, 'changed'],
    [created, 'created'],
  ])
  assert.equal(existsSync(mark), false)
})

test('a shallow clone begins at its border, and a partial clone without its files is an error, never a silent gap', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web() })
  const second = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  const third = repository.commit({ 'web.yaml': web({ memory: '3Gi' }) })
  repository.git('config', 'uploadpack.allowFilter', 'true')
  const url = `file://${repository.dir}`
  repository.git('clone', '--quiet', '--depth=2', url, 'shallow')
  assert.deepEqual(await log({ repo: `${repository.dir}/shallow` }), [
    [third, 'changed'],
    [second, 'created'],
  ])
  repository.git('clone', '--quiet', '--bare', '--filter=blob:none', url, 'partial')
  await assert.rejects(log({ repo: `${repository.dir}/partial` }), { code: 'HistoryUnreadable', action: /--refetch/ })
})
