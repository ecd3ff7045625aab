import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { environments, prod, staging, type Repository } from './environments.ts'

/** A repository that knows who commits. */
async function withIdentity(...args: Parameters<typeof environments>): Promise<Repository> {
  const repository = await environments(...args)
  await repository.git('config', 'user.name', 'Test')
  await repository.git('config', 'user.email', 'test@example.com')
  return repository
}

/** What a promotion must leave alone: work tree, index and the branch that is checked out. */
async function stateOf({ git, dir }: Repository): Promise<string[]> {
  const web = await readFile(join(dir, 'environments/prod/vms/web.yaml'), 'utf8')
  return [await git('rev-parse', 'HEAD'), await git('status', '--porcelain'), await git('ls-files', '-s'), web]
}

test('a promotion writes a branch after which the two sides are equal, and touches nothing else', async (t) => {
  const repository = await withIdentity(t)
  const { git, diff, promote } = repository
  const before = await stateOf(repository)
  const { code, stdout, stderr } = await promote(staging, prod, '--branch', 'promote-all')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^ {4}spec\.template\.spec\.domain\.cpu\.cores: 1 -> 2$/m)
  assert.match(stdout, /git push --set-upstream origin promote-all/)
  assert.match(stderr, /left out: .*memory\.guest: allowed: Machines are larger in production\./)
  assert.deepEqual(await stateOf(repository), before)
  assert.equal((await diff(staging, 'promote-all:environments/prod')).code, 0)
  assert.equal(await git('diff', '--numstat', 'main', 'promote-all'), '2\t2\tenvironments/prod/vms/web.yaml')
  assert.equal(await git('log', '-1', '--format=%an <%ae> %s', 'promote-all'), `Test <test@example.com> Promote ${staging} to ${prod}`)
  assert.equal(await git('rev-parse', 'promote-all~1'), before[0])
})

test('only the chosen fields and objects are carried', async (t) => {
  const { git, promote } = await withIdentity(t)
  const fields = ['--fields', 'spec.template.spec.domain.cpu', '--branch', 'cpu']
  assert.equal((await promote(staging, prod, 'vm/web', ...fields)).code, 0)
  const patch = await git('diff', '-U0', 'main', 'cpu')
  assert.match(patch, /^\+ +cores: 2$/m)
  assert.doesNotMatch(patch, /image/)
  const none = await promote(staging, prod, 'vm/db')
  assert.deepEqual([none.code, none.stdout], [0, `Nothing to promote from ${staging} to ${prod}.\n`])
})

test('a dry run prints a patch that git applies, and leaves no object behind', async (t) => {
  const { dir, git, diff, promote } = await withIdentity(t)
  const count = async (): Promise<number> => (await readdir(join(dir, '.git/objects'), { recursive: true })).length
  const objects = await count()
  const { code, stdout } = await promote(staging, prod, '--dry-run')
  assert.equal(code, 0)
  assert.deepEqual([await count(), await git('branch', '--format=%(refname:short)')], [objects, 'main'])
  const file = join(dir, '..', 'promote.patch')
  await writeFile(file, stdout)
  await git('apply', '--', file)
  assert.equal((await diff(staging, join(dir, 'environments/prod'))).code, 0)
})

test('new objects come as their documents, with their comments, beside what is there', async (t) => {
  const { dir, git, commit, diff, promote } = await withIdentity(t)
  const map = (name: string): string => `# about ${name}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: b\n`
  await writeFile(join(dir, 'environments/staging/maps.yaml'), `${map('one')}---\n${map('two')}`)
  await writeFile(join(dir, 'environments/prod/maps.yaml'), map('one'))
  await writeFile(join(dir, 'environments/staging/more.yaml'), map('three'))
  await writeFile(join(dir, 'environments/staging/new.yaml'), map('four'))
  const foreign = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n'
  await writeFile(join(dir, 'environments/prod/more.yaml'), foreign)
  await commit('Maps')
  const { code, stderr } = await promote(staging, prod, '--branch', 'maps')
  assert.equal(code, 0, stderr)
  assert.equal(await git('show', 'maps:environments/prod/maps.yaml'), `${map('one')}---\n${map('two')}`.trim())
  assert.equal(await git('show', 'maps:environments/prod/more.yaml'), `${foreign}---\n${map('three')}`.trim())
  assert.equal(await git('show', 'maps:environments/prod/new.yaml'), map('four').trim())
  assert.equal((await diff(staging, 'maps:environments/prod')).code, 0)
})

test('policy and secrets stay, and nothing is removed', async (t) => {
  const { dir, commit, promote } = await withIdentity(t)
  const secret = (value: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: ${value}\n`
  await writeFile(join(dir, 'environments/staging/secret.yaml'), secret('hunter2'))
  await writeFile(join(dir, 'environments/prod/secret.yaml'), secret('hunter3'))
  await writeFile(join(dir, 'environments/prod/own.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: own\n')
  await commit('More')
  const { code, stdout, stderr } = await promote(staging, prod, 'secret,fleet,ns')
  assert.equal(code, 0)
  assert.match(stdout, /^Nothing to promote/)
  assert.match(stderr, /Fleet\/staging: the policy/)
  assert.match(stderr, /Secret\/default\/s: secret values/)
  assert.match(stderr, /Namespace\/own: it is only there/)
  assert.doesNotMatch(stdout + stderr, /hunter/)
})

test('refusals write nothing and say what to do', async (t) => {
  const { dir, git, commit, promote } = await environments(t)
  const nobody = await promote(staging, prod, '--branch', 'b')
  assert.equal(nobody.code, 1)
  assert.match(nobody.stderr, /user\.name or user\.email is not set/)
  await git('config', 'user.name', 'Test')
  await git('config', 'user.email', 'test@example.com')
  for (const [args, words] of [
    [[staging, './environments/prod'], /TO must be in Git/],
    [['live', prod], /FROM must be declared/],
    [[staging, prod, '--branch', 'main'], /"main" cannot be made/],
    [[staging, prod, '--branch=-x'], /failed/],
  ] as const) {
    const { code, stderr } = await promote(...args)
    assert.equal(code, 1, stderr)
    assert.match(stderr, words)
  }
  const file = join(dir, 'environments/prod/vms/web.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace('cores: 1', 'cores: &n 1\n          sockets: *n'))
  await commit('Anchor')
  const anchored = await promote(staging, prod, '--fields', 'spec.template.spec.domain.cpu.cores')
  assert.equal(anchored.code, 1)
  assert.match(anchored.stderr, /vms\/web\.yaml VirtualMachine\/default\/web: .*cannot be written/)
  assert.equal(await git('branch', '--format=%(refname:short)'), 'main')
})
