import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryBlobCache, type BlobCache } from '../../../../reconciler/desired/cache.ts'
import { openRepository, resolveCommit } from '../../../../reconciler/history/read/repository.ts'
import { revert } from '../../../../reconciler/history/rollback/revert.ts'
import { skip } from '../render/program.ts'
import { blame, log, Repository, web } from './repository.ts'

const env = { path: 'env/prod' }
const key = 'VirtualMachine/default/p-web'
const domain = '/spec/template/spec/domain'

const base = { 'base/kustomization.yaml': 'resources: [web.yaml]\n', 'base/web.yaml': web() }

function overlay(more = ''): Record<string, string> {
  return { 'env/prod/kustomization.yaml': `resources: [../../base]\nnamePrefix: p-\n${more}` }
}

function patch(field: string, value: string | number): string {
  return `patches:\n- target: {kind: VirtualMachine}\n  patch: |-\n    - {op: replace, path: ${domain}${field}, value: ${value}}\n`
}

describe('a rollback in an overlay', { skip }, () => {
  it('tells what it does to each object, whichever file it changes', async (t) => {
    const repository = new Repository(t)
    repository.commit({ ...base, ...overlay() })
    const cores = repository.commit({ 'base/web.yaml': web({ cores: 2 }) })
    const elsewhere = repository.commit({ 'other/web.yaml': web() })
    const patched = repository.commit(overlay(patch('/memory/guest', '4Gi')))
    const told = async (commit: string): Promise<string[]> => {
      const opened = await openRepository(repository.dir)
      const onto = await resolveCommit(opened, 'HEAD')
      const { changes } = await revert({ repository: opened, onto, commit, ...env }).finally(() => void opened.close())
      return changes.flatMap(({ key: one, verb, fields }) => fields.map(({ path, after }) => `${verb} ${one} ${path}=${String(after)}`))
    }
    assert.deepEqual(await told(cores), [`changed ${key} spec.template.spec.domain.cpu.cores=1`])
    assert.deepEqual(await told(patched), [`changed ${key} spec.template.spec.domain.memory.guest=1Gi`])
    assert.deepEqual(await told(elsewhere), [])
  })
})

describe('the history of an overlay', { skip }, () => {
  it('names the commit that set each field, through the base or the overlay', async (t) => {
    const repository = new Repository(t)
    const made = repository.commit({ ...base, ...overlay() })
    const cores = repository.commit({ 'base/web.yaml': web({ cores: 2 }) })
    repository.commit({ 'README.md': 'no change' })
    const memory = repository.commit(overlay(patch('/memory/guest', '4Gi')))
    repository.commit({ 'base/web.yaml': `# comment\n${web({ cores: 2 })}` })
    const label = repository.commit({ 'base/web.yaml': web({ cores: 2, label: 'b' }) })
    // What the overlay replaces in any case is not changed by the base.
    repository.commit({ 'base/web.yaml': web({ cores: 2, label: 'b', memory: '2Gi' }) })
    const options = { repo: repository.dir, ...env }
    assert.deepEqual(await log(options, key), [
      [label, 'changed'],
      [memory, 'changed'],
      [cores, 'changed'],
      [made, 'created'],
    ])
    assert.deepEqual(await blame(options, key), { cores, memory, label, root: made, data: made })
  })

  it('goes on where files become an overlay, and where it breaks and is mended', async (t) => {
    const repository = new Repository(t)
    const made = repository.commit({ 'env/prod/web.yaml': web({ name: 'p-web' }), 'env/prod/other.yaml': web({ name: 'other' }) })
    const moved = repository.commit({ ...base, ...overlay(), 'env/prod/web.yaml': null })
    const broken = repository.commit(overlay('helmCharts: [{name: x}]\n'))
    const mended = repository.commit(overlay(patch('/cpu/cores', 3)))
    const options = { repo: repository.dir, ...env }
    assert.deepEqual(await log(options, 'VirtualMachine/default/other'), [
      [moved, 'deleted'],
      [made, 'created'],
    ])
    const lines = await log(options, key)
    assert.deepEqual(lines, [
      [mended, 'changed'],
      [broken, 'unreadable'],
      [made, 'created'],
    ])
    const back = repository.commit({
      'env/prod/kustomization.yaml': null,
      'env/prod/web.yaml': web({ name: 'p-web', cores: 3, memory: '9Gi' }),
    })
    assert.deepEqual((await log(options, key))[0], [back, 'changed'])
    assert.deepEqual((await blame(options, key))['memory'], back)
    assert.deepEqual((await blame(options, key))['cores'], mended)
  })

  it('follows branches: a change in a merged branch is that of its commit', async (t) => {
    const repository = new Repository(t)
    const made = repository.commit({ ...base, ...overlay() })
    repository.git('checkout', '--quiet', '-b', 'topic')
    const memory = repository.commit({ 'base/web.yaml': web({ memory: '2Gi' }) })
    repository.git('checkout', '--quiet', 'main')
    const cores = repository.commit(overlay(patch('/cpu/cores', 4)))
    repository.merge('topic', "Merge branch 'topic'")
    const found = await blame({ repo: repository.dir, ...env }, key)
    assert.deepEqual([found['memory'], found['cores'], found['label']], [memory, cores, made])
  })

  it('renders each state once, and nothing where all is known', async (t) => {
    const repository = new Repository(t)
    repository.commit({ ...base, ...overlay() })
    for (let round = 0; round < 3; round += 1) repository.commit({ 'other/file.yaml': `a: ${round}\n` })
    repository.commit({ 'base/web.yaml': web({ cores: 2 }) })
    const memory = createMemoryBlobCache()
    let put = 0
    const renderings: BlobCache = {
      get: (ids) => memory.get(ids),
      put: (entries) => {
        const all = [...entries].filter(([id]) => !id.startsWith('program:'))
        put += all.length
        memory.put(all)
      },
    }
    const options = { repo: repository.dir, ...env, renderings }
    const first = await log(options, key)
    assert.deepEqual([first.length, put], [2, 2])
    assert.deepEqual(await log(options, key), first)
    assert.equal(put, 2)
  })
})
