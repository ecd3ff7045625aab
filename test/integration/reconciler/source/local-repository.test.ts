import { deepEqual, equal, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { offlinePlan } from '../../../../reconciler/cli/offline-plan.ts'
import { openLocalRepository } from '../../../../reconciler/source/local-repository.ts'
import { resolveTree } from '../../../../reconciler/source/local-tree.ts'
import { makeRepository } from '../../../bench/fleet.ts'

suite('a repository on this machine', () => {
  let dir: string
  let repository: string

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'gitvirt-local-'))
    repository = join(dir, 'fleet.git')
    makeRepository(repository, 700, 80)
    const huge = `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: huge\n# ${'x'.repeat(2 ** 20)}\n`
    const stream = `commit refs/heads/main\ncommitter Author <author@example.org> 1700000100 +0000\ndata 4\nhuge\nfrom refs/heads/main^0\nM 100644 inline huge.yaml\ndata ${huge.length}\n${huge}\n`
    execFileSync('git', ['-C', repository, 'fast-import', '--quiet', '--force'], { input: stream })
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  const ids = async (): Promise<string[]> => {
    await using stack = new AsyncDisposableStack()
    const opened = stack.adopt(await openLocalRepository(repository), async (value) => await value.close())
    const { entries } = await opened.list(await resolveTree(repository, 'HEAD', ''))
    return entries.map(({ id }) => id)
  }

  test('few and many blobs are read alike: in order, and of what is too large the size', async () => {
    await using stack = new AsyncDisposableStack()
    const opened = stack.adopt(await openLocalRepository(repository), async (value) => await value.close())
    const all = await ids()
    equal(all.length, 701)
    const many = await Array.fromAsync(opened.read(all))
    deepEqual(
      many.map(({ id }) => id),
      all,
    )
    equal(many.filter(({ bytes }) => bytes === undefined).length, 1)
    const few = [...all.slice(0, 100), ...many.filter(({ bytes }) => bytes === undefined).map(({ id }) => id)]
    const byId = new Map(many.map((one) => [one.id, one]))
    for (const one of await Array.fromAsync(opened.read(few))) deepEqual(one, byId.get(one.id))
  })

  test('a blob that is missing is told, also behind many others', async () => {
    await using stack = new AsyncDisposableStack()
    const opened = stack.adopt(await openLocalRepository(repository), async (value) => await value.close())
    const missing = '0123456789'.repeat(4)
    await rejects(Array.fromAsync(opened.read([...(await ids()), missing])), { code: 'ObjectMissing' })
    await rejects(Array.fromAsync(opened.read([missing])), { code: 'ObjectMissing' })
  })

  test('a reader that stops early leaves no git behind', async () => {
    const opened = await openLocalRepository(repository)
    for await (const { id } of opened.read(await ids())) {
      equal(id.length, 40)
      break
    }
    // Ends only when its programs have.
    await opened.close()
  })

  test('a file that is too large is a fault of that file, and the rest is planned', async () => {
    const stateFile = join(dir, 'state.json')
    writeFileSync(stateFile, JSON.stringify({ nodes: [], sightings: [] }))
    const { plan } = await offlinePlan({ repo: repository, stateFile })
    equal(plan.changes.length, 1400)
  })
})
