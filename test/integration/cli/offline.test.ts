import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { run } from '../../../reconciler/lib/exec.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { openPki } from '../../../reconciler/lib/pki.ts'
import { writeKubeconfig } from '../../../reconciler/api/kubeconfig.ts'
import { offlinePlan } from '../../../reconciler/cli/offline-plan.ts'
import { atEnd } from '../../at-end.ts'
import { node, observedMachine } from '../../unit/reconciler/plan/support.ts'
import { openWorld, startCommand, type Ended } from './command.ts'

const examples = join(import.meta.dirname, '../../../examples')

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gitvirt-cli-'))
  atEnd(t, async () => await rm(path, { recursive: true, force: true }))
  return path
}

const gitvirt = async (t: TestContext, ...args: string[]): Promise<Ended> => await startCommand(t, args).ended

test('validate exits 0 on the quickstart and says what it looked at', async (t) => {
  const { code, stdout, stderr } = await gitvirt(t, 'validate', join(examples, 'quickstart'))
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '4 objects in 3 files: 0 errors, 0 warnings\n', stderr: '' })
})

test('validate exits 1 on a broken folder and names every place', async (t) => {
  const dir = await folder(t)
  await cp(join(examples, 'quickstart'), dir, { recursive: true })
  await writeFile(join(dir, 'a.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndatta: {}\n')
  await writeFile(join(dir, 'b.yaml'), 'kind: [\n')
  const { code, stdout } = await gitvirt(t, 'validate', dir)
  assert.equal(code, 1)
  assert.match(stdout, /^a\.yaml:5:1: error: .*data/m)
  assert.match(stdout, /^b\.yaml:\d+:\d+: error: /m)
  const { findings } = JSON.parse((await gitvirt(t, 'validate', dir, '-o', 'json')).stdout) as {
    findings: { path: string; line: number }[]
  }
  assert.ok(findings.some(({ path, line }) => path === 'a.yaml' && line === 5))
  assert.equal((await gitvirt(t, 'validate', join(dir, 'none'))).code, 1)
})

async function repository(t: TestContext): Promise<{ readonly dir: string; readonly state: string }> {
  const dir = await folder(t)
  const fleet = join(dir, 'fleet')
  await cp(join(examples, 'quickstart'), fleet, { recursive: true })
  await commitAll(fleet)
  const state = join(dir, 'state.json')
  await writeFile(state, JSON.stringify({ nodes: [], sightings: [] }))
  return { dir: fleet, state }
}

async function commitAll(fleet: string): Promise<void> {
  const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com']
  await run('git', ['init', '--quiet', '--initial-branch=main', fleet], { env })
  await run('git', ['-C', fleet, 'add', '--all'], { env })
  await run('git', ['-C', fleet, ...identity, 'commit', '--quiet', '--message', 'Fleet'], { env })
}

const withSecret = `apiVersion: v1
kind: Secret
metadata:
  name: seed
stringData:
  userdata: "#cloud-config"
---
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: demo
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory:
          guest: 64Mi
        devices:
          disks:
            - name: seed
              disk:
                bus: virtio
      volumes:
        - name: seed
          cloudInitNoCloud:
            secretRef:
              name: seed
`

test('an offline plan exits 0, with --exit-code 2 where there are changes, and 1 without a state', async (t) => {
  const { dir, state } = await repository(t)
  const plan = async (...args: string[]): Promise<Ended> => await gitvirt(t, 'plan', '--offline', '--repo', dir, ...args)
  const shown = await plan('--state', state)
  assert.equal(shown.code, 0)
  assert.match(shown.stdout, /\+ VirtualMachine default\/demo/)
  assert.match(shown.stdout, /Plan: \d+ to create/)
  assert.equal((await plan('--state', state, '--exit-code')).code, 2)
  assert.equal((await plan('--state', state, '--exit-code', '--ref', 'none')).code, 1)
  assert.match((await plan()).stderr, /needs the observed state/)
  assert.match((await plan('--state', join(dir, 'gitvirt.yaml'))).stderr, /not a saved state/)
  assert.equal((await plan('--state', state, '-o', 'table')).code, 1)
  const json = JSON.parse((await plan('--state', state, '-o', 'json')).stdout) as { id: string; changes: unknown[] }
  assert.ok(json.changes.length > 0 && json.id !== '')
})

test('an offline plan names what it could not read, in every form, and exits 1', async (t) => {
  const { dir, state } = await repository(t)
  await writeFile(join(dir, 'broken.yaml'), 'kind: [\n')
  await run('git', ['-C', dir, 'add', '--all'])
  await run('git', ['-C', dir, '-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '-m', 'break'])
  const plan = async (...more: string[]): Promise<Ended> =>
    await gitvirt(t, 'plan', '--offline', '--repo', dir, '--state', state, '--exit-code', ...more)
  const shown = await plan()
  assert.equal(shown.code, 1)
  assert.match(shown.stdout, /^error: broken\.yaml:\d+:\d+: /m)
  assert.match(shown.stdout, /Plan: \d+ to create/)
  const markdown = await plan('-o', 'markdown')
  assert.deepEqual([markdown.code, /Faults in the repository[^]*broken\.yaml:/.test(markdown.stdout)], [1, true])
  const { errors } = JSON.parse((await plan('-o', 'json')).stdout) as { errors: { path: string }[] }
  assert.deepEqual(
    errors.map(({ path }) => path),
    ['broken.yaml'],
  )
})

test('what an overlay was cannot be told without the program that renders it', async (t) => {
  const { dir, state } = await repository(t)
  await mkdir(join(dir, 'env'))
  await writeFile(join(dir, 'env/kustomization.yaml'), 'resources: [vm.yaml]\n')
  await writeFile(join(dir, 'env/vm.yaml'), machine('web', '64Mi'))
  await run('git', ['-C', dir, 'add', '--all'])
  await run('git', ['-C', dir, '-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '-m', 'overlay'])
  const bin = await folder(t)
  for (const program of ['git', 'node', 'sh', 'readlink']) await symlink(await which(program), join(bin, program))
  const bare = async (...args: string[]): Promise<Ended> => await startCommand(t, args, { PATH: bin }).ended
  const place = ['--repo', dir, '--path', 'env', '--cache-dir', await folder(t)]
  for (const args of [
    ['log', 'vm/web', ...place],
    ['blame', 'vm/web', ...place],
    ['plan', '--offline', '--state', state, '--repo', dir, '--path', 'env'],
  ]) {
    const { code, stdout, stderr } = await bare(...args)
    assert.equal(code, 1, stdout)
    assert.match(`${stdout}${stderr}`, /kustomize/, args[0] ?? '')
  }
})

async function which(program: string): Promise<string> {
  return (await run('sh', ['-c', `command -v ${program}`])).stdout.trim()
}

const machine = (name: string, memory: string): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: { name: ${name} }
spec:
  runStrategy: Always
  template: { spec: { domain: { devices: {}, memory: { guest: ${memory} } } } }
`

test('an offline plan and a diff with what runs know several sources, and the plan which of them has an object', async (t) => {
  const dir = await folder(t)
  const files = { own: [machine('web', '64Mi'), machine('both', '64Mi')], more: [machine('db', '64Mi'), machine('both', '128Mi')] }
  for (const [name, texts] of Object.entries(files)) {
    await mkdir(join(dir, name, 'hosts'), { recursive: true })
    await writeFile(join(dir, name, 'hosts', 'vms.yaml'), texts.join('---\n'))
    await commitAll(join(dir, name))
  }
  const state = join(dir, 'state.json')
  const [own, more] = [
    ['--repo', join(dir, 'own'), '--path', 'hosts', '--state', state],
    ['--also', `more=${join(dir, 'more')},path=hosts`],
  ]
  const changes = async (...args: string[]): Promise<string[]> => {
    const { stdout, stderr } = await gitvirt(t, 'plan', '--offline', '-o', 'json', ...args)
    const plan = JSON.parse(stdout === '' ? stderr : stdout) as { changes: { key: string; action: string; origin?: { path: string } }[] }
    return plan.changes.filter(({ action }) => action !== 'none').map(({ key, action, origin }) => `${action} ${key} ${origin?.path ?? ''}`)
  }
  await writeFile(state, JSON.stringify({ nodes: [node('h1')], sightings: [] }))
  const [db, web] = ['create VirtualMachine/default/db more//hosts/vms.yaml', 'create VirtualMachine/default/web hosts/vms.yaml']
  // Nobody can tell whose the third machine is.
  assert.deepEqual((await changes(...own, ...more)).toSorted(), [db, web])
  const first = await offlinePlan({ repo: join(dir, 'more'), path: 'hosts', stateFile: state })
  const applied = first.plan.changes.flatMap(({ steps }) => steps).find((step) => step.machine?.key.endsWith('/both') === true)?.machine
  assert.ok(applied)
  const object = observedMachine({ ...applied, origin: { ...applied.origin, path: 'more//hosts/vms.yaml' } })
  await writeFile(state, JSON.stringify({ nodes: [node('h1')], sightings: [{ node: 'h1', object }] }))
  assert.deepEqual((await changes(...own, ...more)).toSorted(), [db, web])
  assert.ok((await changes(...own)).some((one) => one.startsWith('update VirtualMachine/default/both')))
  const live = ['diff', 'live', ':hosts', '--repo', join(dir, 'own'), '--state', state, '--no-cache', '--summary']
  assert.match((await gitvirt(t, ...live)).stdout, /: 1 differs, 0 only in live, 1 only in :hosts; 0 equal/)
  assert.match((await gitvirt(t, ...live, ...more)).stdout, /: 0 differ, 0 only in live, 2 only in :hosts; 1 equal/)
  const { code, stderr } = await gitvirt(t, 'diff', ':hosts', 'main:hosts', '--repo', join(dir, 'own'), ...more)
  assert.deepEqual([code, /--also belongs to a comparison with live/.test(stderr)], [2, true])
})

test('an offline plan and a diff with what runs end where only some of their sources can be read', { timeout: 60_000 }, async (t) => {
  const { dir, state } = await repository(t)
  const none = join(dir, '..', 'none')
  const live = ['diff', 'live', 'HEAD', '--no-cache']
  for (const args of [
    ['plan', '--offline', '--state', state, '--repo', none, '--also', `ok=${dir}`],
    ['plan', '--offline', '--state', state, '--repo', dir, '--also', `no=${none}`, '--also', `ok=${dir}`],
    ['plan', '--offline', '--state', state, '--repo', dir, '--ref', 'none'],
    ['plan', '--offline', '--state', none, '--repo', dir],
    [...live, '--state', state, '--repo', dir, '--also', `no=${none}`, '--also', `ok=${dir}`],
    [...live, '--state', none, '--repo', dir, '--also', `ok=${dir}`],
  ]) {
    const { code, stderr } = await gitvirt(t, ...args)
    assert.deepEqual([code, /none/.test(stderr)], [args[0] === 'diff' ? 2 : 1, true], `${args.join(' ')}: ${stderr}`)
  }
})

test('an offline plan has no restart for a Secret whose applied digest was salted, and says that it was not compared', async (t) => {
  const dir = await folder(t)
  const fleet = join(dir, 'fleet')
  await mkdir(fleet)
  await writeFile(join(fleet, 'vm.yaml'), withSecret)
  await commitAll(fleet)
  const stateFile = join(dir, 'state.json')
  await writeFile(stateFile, JSON.stringify({ nodes: [node('h1')], sightings: [] }))
  const first = await offlinePlan({ repo: fleet, stateFile })
  const machine = first.plan.changes.flatMap(({ steps }) => steps).find((step) => step.machine !== undefined)?.machine
  assert.ok(machine)
  const object = observedMachine({ ...machine, inputs: { 'Secret/default/seed': 'f'.repeat(64) } })
  await writeFile(stateFile, JSON.stringify({ nodes: [node('h1')], sightings: [{ node: 'h1', object }] }))
  const { code, stdout } = await gitvirt(t, 'plan', '--offline', '--repo', fleet, '--state', stateFile, '--exit-code')
  assert.match(stdout, /Contents of Secret\/default\/seed are not compared offline/)
  assert.doesNotMatch(stdout, /restart/)
  assert.equal(code, 0)
})

test('a live plan without changes exits 0 with --exit-code, and the state is saved for the owner only', async (t) => {
  const world = await openWorld(t)
  const file = join(world.dir, 'state.json')
  const { code, stdout } = await world.gitvirt('plan', '--exit-code', '-o', 'json')
  assert.deepEqual({ code, plan: JSON.parse(stdout) as unknown }, { code: 0, plan: { id: 'p', changes: [] } })
  const saved = await world.gitvirt('plan', '--save-state', file)
  assert.deepEqual({ code: saved.code, stderr: saved.stderr }, { code: 0, stderr: `state written to ${file}\n` })
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { nodes: [], sightings: [] })
})

test('bash evaluates the completion script and completes commands, types and flags', async (t) => {
  const { stdout } = await gitvirt(t, 'completion', 'bash')
  const complete = async (...words: string[]): Promise<string[]> => {
    const list = words.map((word) => `'${word}'`).join(' ')
    const script = `${stdout}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _gitvirt; printf '%s\\n' "\${COMPREPLY[@]}"`
    return (await run('bash', ['-c', script])).stdout.trim().split('\n')
  }
  assert.deepEqual(await complete('gitvirt', 'rest'), ['restart'])
  assert.deepEqual(
    await complete('gitvirt', 'get', 'nnc'),
    ['nncp', 'nnce'].filter((word) => word.startsWith('nnc')),
  )
  assert.deepEqual(await complete('gitvirt', 'plan', '--off'), ['--offline'])
  assert.equal((await gitvirt(t, 'completion', 'tcsh')).code, 1)
})

test('every command has a help page with exit code 0', async (t) => {
  const { stdout } = await gitvirt(t, '--help')
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+)(?: |$)/gm)].map((match) => match[1] ?? '')
  assert.ok(commands.includes('kubeconfig') && commands.includes('plan'))
  for (const command of ['up', 'plan', 'get', 'validate', 'kubeconfig', 'token']) {
    const help = await gitvirt(t, command, '--help')
    assert.equal(help.code, 0, command)
    assert.match(help.stdout, new RegExp(`^Usage: gitvirt ${command}`))
  }
})

test('a viewer’s kubeconfig reads and may not write; one of another state folder is refused', async (t) => {
  const world = await openWorld(t)
  const owner = await world.pki.issueClientCertificate({ commonName: 'owner', organization: 'gitvirt:admins' })
  await writeKubeconfig(join(world.dir, 'kubeconfig'), { server: world.server.url, ca: world.pki.ca, cert: owner.cert, key: owner.key })
  const made = await gitvirt(t, 'kubeconfig', 'reader', '--state-dir', world.dir)
  assert.equal(made.code, 0)
  const file = join(world.dir, 'reader')
  await writeFile(file, made.stdout, { mode: 0o600 })
  assert.match((await world.gitvirt('--kubeconfig', file, 'get', 'vm')).stdout, /demo/)
  const stop = await world.gitvirt('--kubeconfig', file, 'stop', 'demo')
  assert.equal(stop.code, 1)
  assert.match(stop.stderr, /Forbidden.*User "reader" cannot/)
  const foreign = join(await folder(t), 'other')
  await mkdir(foreign)
  await openPki({ dir: join(foreign, 'pki'), clock: systemClock })
  const none = await gitvirt(t, 'kubeconfig', 'stranger', '--state-dir', foreign)
  assert.match(none.stderr, /no reconciler has run with this state folder/)
  assert.equal((await gitvirt(t, 'kubeconfig', 'reader', '--state-dir', world.dir, '--role', 'god')).code, 1)
})
