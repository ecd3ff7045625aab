import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { chain, chainStart, receiptLine } from '../../../reconciler/history/audit/receipt.ts'
import { Repository, web, webKey } from '../reconciler/history/repository.ts'
import { startCommand, type Ended } from './command.ts'

type World = { readonly repository: Repository; readonly gitvirt: (...args: string[]) => Promise<Ended> }

function open(t: TestContext): World {
  const repository = new Repository(t)
  const environment = { XDG_CACHE_HOME: `${repository.dir}/.git/cache`, GIT_CONFIG_GLOBAL: '/dev/null' }
  const gitvirt = async (...args: string[]): Promise<Ended> => await startCommand(t, [...args, '--repo', repository.dir], environment).ended
  return { repository, gitvirt }
}

test('log tells one line a commit, in every format, and 1 for what it cannot read', async (t) => {
  const { repository, gitvirt } = open(t)
  const created = repository.commit({ 'env/web.yaml': web() })
  const changed = repository.commit({ 'env/web.yaml': web({ memory: '2Gi', cores: 2, label: 'b' }) }, 'Grow (#4)', 'author-b')
  const plain = await gitvirt('log', 'vm/web', '--path', 'env')
  assert.equal(plain.code, 0, plain.stderr)
  const lines = plain.stdout.trimEnd().split('\n')
  assert.equal(lines.length, 3)
  assert.match(
    lines[1] ?? '',
    new RegExp(`^${changed.slice(0, 12)} +2026-01-01 00:02Z +author-b +#4 +restart +metadata\\.labels\\.app: "a" -> "b"; .*and 1 more$`),
  )
  assert.match(lines[2] ?? '', new RegExp(`^${created.slice(0, 12)} .* created$`))
  assert.match(
    (await gitvirt('log', 'vms/web', '--path', 'env', '-o', 'wide')).stdout,
    /memory\.guest: "1Gi" -> "2Gi" \[restart\] +Grow \(#4\)$/m,
  )
  assert.equal((await gitvirt('log', 'vm/web', '-o', 'name', '--limit', '1')).stdout, `${changed}\n`)
  const json = JSON.parse((await gitvirt('log', 'vm/web', '-o', 'json', '--since', '2026-01-01T00:02:00Z')).stdout) as {
    entries: { commit: string; pullRequest: string }[]
  }
  assert.deepEqual(
    json.entries.map(({ commit, pullRequest }) => [commit, pullRequest]),
    [[changed, '#4']],
  )
  assert.match((await gitvirt('log', '-o', 'yaml')).stdout, /^entries:\n/m)
  assert.match((await gitvirt('log')).stdout, /Grow \(#4\)\n {4}~ VirtualMachine\/default\/web \[restart\] {2}env\/web\.yaml\n/)
  assert.deepEqual([(await gitvirt('log', 'vm/none')).code, (await gitvirt('log', 'vm/none')).stderr], [0, 'No changes found.\n'])
  for (const args of [
    ['log', 'vm'],
    ['log', 'pod/web'],
    ['log', '-o', 'table'],
    ['log', '--since', 'soon'],
    ['log', '--limit', '0'],
    ['log', '--ref', 'none'],
  ]) {
    assert.equal((await gitvirt(...args)).code, 1, args.join(' '))
  }
})

test('blame names the commit of each field, in every format, and 1 for an object that is not there', async (t) => {
  const { repository, gitvirt } = open(t)
  const created = repository.commit({ 'web.yaml': web() })
  const changed = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) }, 'Grow', 'author-b')
  const { code, stdout } = await gitvirt('blame', 'vm/web')
  assert.equal(code, 0)
  assert.match(stdout, new RegExp(`^spec\\.template\\.spec\\.domain\\.memory\\.guest +"2Gi" +${changed.slice(0, 12)} .*author-b +-$`, 'm'))
  assert.match(stdout, new RegExp(`^spec\\.template\\.spec\\.domain\\.cpu\\.sockets +1 \\(default\\) +${created.slice(0, 12)} `, 'm'))
  const json = JSON.parse((await gitvirt('blame', 'vm/web', '-o', 'json')).stdout) as { object: string; path: string }
  assert.deepEqual([json.object, json.path], [webKey, 'web.yaml'])
  assert.match((await gitvirt('blame', 'vm/web', '-o', 'wide')).stdout, /Grow$/m)
  assert.match((await gitvirt('blame', 'vm/web', '-o', 'yaml')).stdout, /^object: VirtualMachine\/default\/web$/m)
  const missing = await gitvirt('blame', 'vm/web', '-n', 'other')
  assert.deepEqual([missing.code, missing.stdout], [1, ''])
  assert.match(missing.stderr, /VirtualMachine\/other\/web is not in the environment/)
})

test('rollback says what it does, makes the branch, and with --dry-run only says it', async (t) => {
  const { repository, gitvirt } = open(t)
  repository.commit({ 'web.yaml': web() })
  const changed = repository.commit({ 'web.yaml': web({ memory: '2Gi' }) }, 'Grow')
  const dry = await gitvirt('rollback', changed, '--dry-run')
  assert.equal(dry.code, 0, dry.stderr)
  assert.match(
    dry.stdout,
    /~ VirtualMachine\/default\/web \[restart\] {2}web\.yaml\n {8}spec\.template\.spec\.domain\.memory\.guest: "2Gi" -> "1Gi" \[restart\]/,
  )
  assert.equal(repository.git('branch', '--list', 'gitvirt/*'), '')
  const made = await gitvirt('rollback', changed)
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, new RegExp(`Branch gitvirt/rollback-${changed.slice(0, 12)} is at [0-9a-f]{12}\\.`))
  assert.equal(repository.git('show', `gitvirt/rollback-${changed.slice(0, 12)}:web.yaml`), web().trim())
  repository.commit({ 'web.yaml': web({ memory: '3Gi' }) }, 'More')
  const conflict = await gitvirt('rollback', changed, '--branch', 'again')
  assert.equal(conflict.code, 1)
  assert.match(conflict.stderr, /web\.yaml: a later commit changed the same lines.*"More"/)
  assert.equal((await gitvirt('rollback', changed, '--push', '--branch', 'x')).code, 1)
})

test('audit verify exits 0 on an intact chain and 1 with the receipt named, and export prints it', async (t) => {
  const { repository, gitvirt } = open(t)
  const commit = repository.commit({ 'web.yaml': web() })
  assert.match((await gitvirt('audit', 'verify')).stderr, /no receipts.*git fetch origin refs\/notes\/gitvirt/)
  const body = { environment: 'prod', commit, plan: 'a'.repeat(64), object: webKey, node: 'kvm1', step: 'DefineDomain' }
  const times = { startedAt: '2026-01-02T00:00:00Z', endedAt: '2026-01-02T00:00:01Z', result: 'succeeded' as const }
  const first = chain(chainStart, { ...body, ...times })
  const second = chain(first, { ...body, ...times, step: 'StartDomain' })
  const note = [first, second].map(receiptLine).join('\n')
  repository.git('notes', '--ref=gitvirt', 'add', '-m', note, commit)
  const intact = await gitvirt('audit', 'verify')
  assert.deepEqual([intact.code, intact.stdout], [0, `intact: 2 receipts\nprod: 2 receipts, the last is ${second.digest}\n`])
  assert.equal((await gitvirt('audit', 'verify', '--head', `prod=${second.digest}`)).code, 0)
  assert.equal((await gitvirt('audit', 'export')).stdout, `${note}\n`)
  assert.match((await gitvirt('audit', 'export', '-o', 'csv')).stdout, /^environment,sequence,.*\r\nprod,1,/)
  repository.git('notes', '--ref=gitvirt', 'add', '--force', '-m', note.replace('kvm1', 'kvm2'), commit)
  const broken = await gitvirt('audit', 'verify')
  assert.equal(broken.code, 1)
  assert.match(broken.stdout, new RegExp(`^Altered: prod receipt 1 \\(note of ${commit.slice(0, 12)}, line 1\\): `))
  repository.git('notes', '--ref=gitvirt', 'add', '--force', '-m', receiptLine(first), commit)
  assert.equal((await gitvirt('audit', 'verify')).code, 0)
  const cut = await gitvirt('audit', 'verify', '--head', `prod=${second.digest}`)
  assert.equal(cut.code, 1)
  assert.match(cut.stdout, /^Truncated: prod receipt 2: The chain ends at receipt 1/)
  assert.equal((JSON.parse((await gitvirt('audit', 'verify', '-o', 'json')).stdout) as { receipts: number }).receipts, 1)
})
