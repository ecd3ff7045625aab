import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWorld, startCommand } from './command.ts'
import { environments, prod, staging } from './environments.ts'

test('two environments differ with exit code 1, field by field, without what the Fleet allows', async (t) => {
  const { diff } = await environments(t)
  const { code, stdout, stderr } = await diff(staging, prod)
  assert.deepEqual([code, stderr], [1, ''])
  assert.match(stdout, /^~ VirtualMachine default\/web: differs {2}vms\/web\.yaml:\d+$/m)
  assert.match(stdout, /^ {4}~ spec\.template\.spec\.domain\.cpu\.cores: +2 -> 1$/m)
  assert.doesNotMatch(stdout, /memory|playground/)
  const all = await diff(staging, prod, '--all')
  assert.match(all.stdout, /memory\.guest: +"1Gi" -> "4Gi" {2}\(allowed: Machines are larger in production\.\)/)
  assert.equal(all.code, 1)
})

test('the second run answers the same from the cache, which holds no secret', async (t) => {
  const { dir, cache, commit, diff } = await environments(t)
  const secret = (value: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: ${value}\n`
  await writeFile(join(dir, 'environments/staging/secret.yaml'), secret('hunter2'))
  await writeFile(join(dir, 'environments/prod/secret.yaml'), secret('hunter3'))
  await commit('Secrets')
  const first = await diff(staging, prod, '-o', 'json')
  assert.deepEqual(await diff(staging, prod, '-o', 'json'), first)
  assert.match(first.stdout, /data\.password/)
  for (const file of await readdir(cache))
    assert.doesNotMatch((await readFile(join(cache, file))).toString('latin1'), /hunter|aHVudGVy/, file)
  assert.doesNotMatch(first.stdout, /hunter|aHVudGVy/)
})

test('what differs still does after a commit that changes something else', async (t) => {
  const { dir, commit, diff } = await environments(t)
  const file = join(dir, 'environments/prod/vms/db.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace('2Gi', '8Gi'))
  await commit('More memory')
  const first = await diff(staging, prod)
  for (const environment of ['staging', 'prod'])
    await writeFile(join(dir, `environments/${environment}/other.yaml`), 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n')
  await commit('The same for both')
  const second = await diff(staging, prod)
  assert.deepEqual([first.code, second.code], [1, 1])
  assert.deepEqual(second, await diff(staging, prod, '--no-cache'))
})

test('a change is found in every form of an operand, and only by those that hold it', async (t) => {
  const { dir, git, commit, diff } = await environments(t)
  const file = join(dir, 'environments/prod/vms/db.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace('2Gi', '8Gi'))
  const folderOnDisk = join(dir, 'environments/prod')
  assert.equal((await diff(prod, folderOnDisk)).code, 1)
  await commit('More memory')
  assert.equal((await diff(prod, folderOnDisk)).code, 0)
  assert.equal((await diff('main~1:environments/prod', 'main:environments/prod')).code, 1)
  assert.equal((await diff('main~1', 'main', '--path', 'environments/prod')).code, 1)
  assert.equal((await diff('main~1', await git('rev-parse', 'HEAD'), '--path', 'environments/staging')).code, 0)
  assert.equal((await diff('main~1', 'main', 'vm/web', '--path', 'environments/prod')).code, 0)
  assert.equal((await diff('main~1', 'main', 'vm/default/d*', '--path', 'environments/prod')).code, 1)
})

test('comments, order and places are no difference', async (t) => {
  const { dir, git, diff } = await environments(t)
  const folderOnDisk = join(dir, 'environments/prod')
  await mkdir(join(folderOnDisk, 'moved'))
  await git('mv', 'environments/prod/vms/web.yaml', 'environments/prod/moved/web.yaml')
  const db = join(folderOnDisk, 'vms/db.yaml')
  await writeFile(db, `# a comment\n${(await readFile(db, 'utf8')).replace('2Gi', '2048Mi')}`)
  const { code, stdout } = await diff(prod, folderOnDisk)
  assert.deepEqual([code, stdout], [0, 'No differences: 3 equal.\n'])
})

test('a file that cannot be read ends with 2 and its place; its objects are unknown, not missing', async (t) => {
  const { dir, diff } = await environments(t)
  const folderOnDisk = join(dir, 'environments/prod')
  await writeFile(join(folderOnDisk, 'vms/web.yaml'), 'apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: web\n')
  const { code, stdout } = await diff(prod, folderOnDisk)
  assert.equal(code, 2)
  assert.match(stdout, /^\? VirtualMachine default\/web: unknown in /m)
  assert.match(stdout, /^error: .*vms\/web\.yaml:\d+:\d+: /m)
  assert.doesNotMatch(stdout, /only in .*web/)
})

test('errors of use and of Git end with 2 and say what to do', async (t) => {
  const { dir, diff } = await environments(t)
  for (const [args, words] of [
    [['main'], /missing required argument/],
    [['nope', 'main'], /no commit "nope"/],
    [['main:nope', 'main'], /no folder "nope"/],
    [['main:../x', 'main'], /not a path inside the repository/],
    [['--upload-pack=x', 'main'], /unknown option/],
    [['main', 'main', 'pod'], /selects no objects/],
    [['main', 'main', '-o', 'yaml'], /not an output format/],
    [['./nowhere', 'main'], /no such file or folder/],
  ] as const) {
    const { code, stderr } = await diff(...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(stderr, words)
  }
  const outside = await startCommand(t, ['diff', 'main', 'main', '--repo', join(dir, '..')]).ended
  assert.equal(outside.code, 2)
  assert.match(outside.stderr, /lies in no Git repository/)
})

test('what runs is asked of the server, or read from a saved state', async (t) => {
  const { dir } = await environments(t)
  const world = await openWorld(t)
  const { code, stdout } = await world.gitvirt('diff', 'live', prod, '--repo', dir, '--no-cache', '--summary')
  assert.deepEqual([code, stdout], [1, 'Differences: 0 differ, 0 only in live, 2 only in :environments/prod; 0 equal.\n'])
  const state = join(world.dir, 'state.json')
  await writeFile(state, '{"nodes":[],"sightings":[]}')
  assert.equal((await startCommand(t, ['diff', 'live', prod, '--repo', dir, '--state', state, '--no-cache']).ended).code, 1)
  assert.equal((await startCommand(t, ['diff', 'live', prod, '--repo', dir, '--state', join(dir, 'no'), '--no-cache']).ended).code, 2)
})
