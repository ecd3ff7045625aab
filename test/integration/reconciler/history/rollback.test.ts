import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commitRevert, fetchBranch, makeBranch, pushCommit } from '../../../../reconciler/history/rollback/commit-revert.ts'
import { revert, type Revert, type RevertQuery } from '../../../../reconciler/history/rollback/revert.ts'
import { openRepository, resolveCommit } from '../../../../reconciler/history/read/repository.ts'
import { manifest } from '../../../unit/reconciler/history/model.ts'
import { Repository, start, web, webKey } from './repository.ts'

const db = (memory = '1Gi'): string => manifest({ ...start, name: 'db', memory })

type Wish = Omit<RevertQuery, 'repository' | 'onto' | 'path'> & { readonly branch?: string }

/** Takes the commit back on a new branch, on top of HEAD. */
async function takeBack(repository: Repository, { branch, ...wish }: Wish): Promise<Revert & { readonly made: string }> {
  await using stack = new AsyncDisposableStack()
  const opened = stack.adopt(await openRepository(repository.dir), async (value) => await value.close())
  const plan = await revert({ repository: opened, onto: await resolveCommit(opened, 'HEAD'), path: '', ...wish })
  const made = await commitRevert(opened, plan, false)
  if (branch !== undefined) await makeBranch(opened, branch, made)
  return { ...plan, made }
}

const told = ({ changes }: Revert): string[] =>
  changes.map(({ key, verb, fields }) => [key, verb, ...fields.map(({ path, after }) => `${path}=${String(after)}`)].join(' '))

test("a commit is taken back on a new branch, with git's message, and the work tree stays as it is", async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web() })
  const memory = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) }, 'more memory')
  const head = repository.commit({
    'web.yaml': web({
      memory: '2Gi',
      disks: [
        ['root', 'r1'],
        ['data', 'd2'],
      ],
    }),
    'db.yaml': db(),
  })
  repository.write({ 'web.yaml': 'in the middle of an edit' })
  const plan = await takeBack(repository, { commit: memory.slice(0, 10), branch: 'back' })
  assert.deepEqual(told(plan), [`${webKey} changed spec.template.spec.domain.memory.guest=1Gi`])
  assert.equal(
    repository.git('show', 'back:web.yaml'),
    web({
      disks: [
        ['root', 'r1'],
        ['data', 'd2'],
      ],
    }).trim(),
  )
  assert.equal(
    repository.git('log', '-1', '--format=%P %an%n%B', 'back'),
    `${head} author-a\nRevert "more memory"\n\nThis reverts commit ${memory}.`,
  )
  assert.equal(readFileSync(join(repository.dir, 'web.yaml'), 'utf8'), 'in the middle of an edit')
  assert.equal(repository.git('status', '--short'), 'M web.yaml')
  assert.equal(repository.head('main'), head)
  await assert.rejects(takeBack(repository, { commit: memory, branch: 'back' }), { code: 'BranchExists' })
  await assert.rejects(takeBack(repository, { commit: memory, branch: '../x' }), { code: 'InvalidRef' })
})

test('a merge is taken back against the main line, or against the parent that is named', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web(), 'db.yaml': db() })
  repository.git('checkout', '--quiet', '-b', 'topic')
  repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ 'db.yaml': db('4Gi') })
  const merge = repository.merge('topic', 'merge')
  assert.deepEqual(told(await takeBack(repository, { commit: merge })), [`${webKey} changed spec.template.spec.domain.memory.guest=1Gi`])
  const other = await takeBack(repository, { commit: merge, mainline: 2 })
  assert.deepEqual(told(other), ['VirtualMachine/default/db changed spec.template.spec.domain.memory.guest=1Gi'])
  assert.match(other.message, /reversing\nchanges made to/)
  await assert.rejects(takeBack(repository, { commit: merge, mainline: 3 }), { code: 'InvalidFlag' })
})

test('later changes of the same lines are a conflict that names file and commits, and no branch is made', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web(), 'db.yaml': db() })
  const both = repository.commit({ 'web.yaml': web({ memory: '2Gi' }), 'db.yaml': db('2Gi') })
  const later = repository.commit({ 'web.yaml': web({ memory: '3Gi' }) }, 'even more')
  repository.commit({ 'db.yaml': null }, 'no db')
  await assert.rejects(takeBack(repository, { commit: both, branch: 'back' }), (error: Error) => {
    assert.equal((error as { code?: string }).code, 'RevertConflict')
    assert.match(error.message, new RegExp(`web\\.yaml: a later commit changed the same lines.*${later.slice(0, 12)} "even more"`))
    assert.match(error.message, /db\.yaml: one side changed the file, the other removed it.*"no db"/)
    return true
  })
  assert.equal(repository.git('branch', '--list', 'back'), '')
})

test('one object of a commit is taken back, beside others in its file and after a move', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'all.yaml': `${db()}---\n${web()}` })
  const both = repository.commit({ 'all.yaml': `${db('2Gi')}---\n${web({ memory: '2Gi' })}` })
  const plan = await takeBack(repository, { commit: both, object: webKey, branch: 'one' })
  assert.deepEqual(told(plan), [`${webKey} changed spec.template.spec.domain.memory.guest=1Gi`])
  assert.equal(repository.git('show', 'one:all.yaml'), `${db('2Gi')}---\n${web()}`.trim())
  const moved = repository.commit({ 'all.yaml': db('2Gi'), 'web.yaml': web({ memory: '4Gi' }) })
  assert.deepEqual(told(await takeBack(repository, { commit: moved, object: webKey })), [
    `${webKey} changed spec.template.spec.domain.memory.guest=2Gi`,
  ])
  const removed = repository.commit({ 'all.yaml': null, 'web.yaml': null })
  const again = await takeBack(repository, { commit: removed, object: 'VirtualMachine/default/db', branch: 'again' })
  assert.deepEqual(told(again), ['VirtualMachine/default/db created'])
  assert.equal(repository.git('ls-tree', '--name-only', 'again'), 'all.yaml')
  await assert.rejects(takeBack(repository, { commit: both, object: 'VirtualMachine/default/none' }), { code: 'NothingToRevert' })
})

test('what is gone already, and what never was in this history, is told', async (t) => {
  const repository = new Repository(t)
  const first = repository.commit({ 'web.yaml': web() })
  const memory = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  repository.commit({ 'web.yaml': web() })
  await assert.rejects(takeBack(repository, { commit: memory }), { code: 'NothingToRevert' })
  assert.deepEqual(told(await takeBack(repository, { commit: first })), [`${webKey} deleted`])
  const foreign = repository.git('commit-tree', '-m', 'foreign', `${first}^{tree}`)
  await assert.rejects(takeBack(repository, { commit: foreign }), { code: 'NotInHistory' })
})

test('no merge program, hook or filter of the repository runs while a commit is taken back', async (t) => {
  const repository = new Repository(t)
  const mark = join(repository.dir, 'ran')
  repository.commit({ 'web.yaml': web() })
  const memory = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  repository.commit({
    'web.yaml': web({
      memory: '2Gi',
      disks: [
        ['root', 'r1'],
        ['data', 'd2'],
      ],
    }),
  })
  repository.write({
    '.git/info/attributes': '* merge=evil filter=evil\n',
    '.git/hooks/reference-transaction': `#!/bin/sh\ntouch ${mark}\n`,
  })
  repository.git('config', 'merge.evil.driver', `touch ${mark}; false`)
  repository.git('config', 'filter.evil.clean', `touch ${mark}; cat`)
  const { chmodSync, existsSync } = await import('node:fs')
  chmodSync(join(repository.dir, '.git/hooks/reference-transaction'), 0o755)
  await takeBack(repository, { commit: memory, branch: 'back' })
  assert.equal(existsSync(mark), false)
})

test('a push goes on top of the remote branch and never over it', async (t) => {
  const repository = new Repository(t)
  repository.commit({ 'web.yaml': web() })
  const memory = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) })
  repository.git('clone', '--quiet', '--bare', '.', 'origin.git')
  repository.git('remote', 'add', 'origin', join(repository.dir, 'origin.git'))
  await using stack = new AsyncDisposableStack()
  const opened = stack.adopt(await openRepository(repository.dir), async (value) => await value.close())
  const target = { remote: 'origin', branch: 'main' }
  const onto = await fetchBranch(opened, target)
  const made = await commitRevert(opened, await revert({ repository: opened, commit: memory, onto, path: '' }), false)
  await pushCommit(opened, target, made)
  assert.equal(repository.git('--git-dir=origin.git', 'show', 'main:web.yaml'), web().trim())
  await assert.rejects(pushCommit(opened, target, repository.commit({ 'x.txt': 'x' })), { code: 'PushFailed' })
  assert.equal(repository.git('--git-dir=origin.git', 'rev-parse', 'main'), made)
  await assert.rejects(fetchBranch(opened, { remote: 'origin', branch: 'none' }), { code: 'FetchFailed' })
})
