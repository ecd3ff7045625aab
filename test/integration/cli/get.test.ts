import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { machineSeen, vmManifest } from '../../fakes/views.ts'
import { openWorld, saysSoon, startCommand } from './command.ts'

const lines = (text: string): string[] => text.trimEnd().split('\n')

async function writeBroken(dir: string): Promise<string> {
  const folder = join(dir, 'broken')
  await mkdir(folder)
  await writeFile(join(folder, 'cm.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndatta: {}\n')
  return folder
}

test('get prints tables, wide and across types', async (t) => {
  const { gitvirt } = await openWorld(t)
  const plain = await gitvirt('get', 'vm')
  assert.match(plain.stdout, /^NAME +AGE +STATUS +READY\ndemo +\S+ +Running +True\n$/)
  assert.equal(plain.code, 0)
  assert.match((await gitvirt('get', 'vm', '-o', 'wide')).stdout, /NODE +IP +RESTART\? +BLOCKED +HELD\n.*host1/)
  const all = (await gitvirt('get', 'vm,dv,nncp', '-A')).stdout
  assert.match(all, /NAMESPACE +NAME.*\ndefault +virtualmachine\.kubevirt\.io\/demo/)
  assert.match(all, /datavolume\.cdi\.kubevirt\.io\/demo-root +Succeeded/)
  assert.match(all, /nodenetworkconfigurationpolicy\.nmstate\.io\/br1 +Available/)
})

test('get writes yaml, json and names that other programs read', async (t) => {
  const { gitvirt } = await openWorld(t)
  const yaml = parse((await gitvirt('get', 'vm/demo', '-o', 'yaml')).stdout) as { status: { printableStatus: string } }
  assert.equal(yaml.status.printableStatus, 'Running')
  const list = JSON.parse((await gitvirt('get', 'vm', '-o', 'json')).stdout) as { kind: string; items: unknown[] }
  assert.deepEqual([list.kind, list.items.length], ['List', 1])
  assert.equal(
    (await gitvirt('get', 'vm,dv', '-o', 'name')).stdout,
    'virtualmachine.kubevirt.io/demo\ndatavolume.cdi.kubevirt.io/demo-root\n',
  )
})

test('errors are one line on stderr and exit code 1', async (t) => {
  const { gitvirt } = await openWorld(t)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['get', 'vm', 'none'], /^Error from server \(NotFound\): virtualmachines\.kubevirt\.io "none" not found\n$/],
    [['get', 'tractors'], /tractors/],
    [['get', 'vm', '-o', 'xml'], /unable to match a printer.*"xml"/],
    [['get', 'vm,dv', '-w'], /single resource type/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['--kubeconfig', '/nonexistent/kubeconfig', 'get', 'vm'], /no kubeconfig at \/nonexistent\/kubeconfig/],
    [['--kubeconfig', '/', 'get', 'vm'], /^\/ cannot be read as a kubeconfig: EISDIR.*--kubeconfig/],
    [['--kubeconfig', import.meta.filename, 'get', 'vm'], /cannot be read as a kubeconfig|has no context/],
  ]
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await gitvirt(...args)
    assert.equal(code, 1, args.join(' '))
    assert.equal(stdout, '')
    assert.match(stderr, expected)
  }
})

test('nothing found is told on stderr and is no error', async (t) => {
  const { gitvirt } = await openWorld(t)
  const answer = await gitvirt('-n', 'empty', 'get', 'vm')
  assert.deepEqual(answer, { code: 0, stdout: '', stderr: 'No resources found in empty namespace.\n' })
})

test('describe and events tell conditions and what happened', async (t) => {
  const { gitvirt } = await openWorld(t)
  const described = (await gitvirt('describe', 'vm', 'demo')).stdout
  assert.match(described, /^Name: +demo\nNamespace: +default\n/)
  assert.match(described, /Printable Status: +Running/)
  assert.match(described, /\nEvents:\n +Type +Reason/)
  const events = await gitvirt('events', '--for', 'vm/demo')
  assert.match(events.stdout, /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/)
  assert.ok(lines(events.stdout).slice(1).length > 0)
  assert.ok(
    lines(events.stdout)
      .slice(1)
      .every((line) => line.includes('virtualmachine/demo')),
  )
})

test('a secret is shown to nobody', async (t) => {
  const { gitvirt } = await openWorld(t)
  for (const args of [
    ['get', 'secret', 'login', '-o', 'yaml'],
    ['describe', 'secret', 'login'],
  ]) {
    const { stdout, stderr } = await gitvirt(...args)
    assert.ok(!`${stdout}${stderr}`.includes('hunter2') && !stdout.includes('aHVudGVyMg'), args.join(' '))
  }
})

test('watch prints what changes, and ends at an interrupt', async (t) => {
  const world = await openWorld(t)
  const { desired, observed, environment } = world
  const watching = startCommand(t, ['get', 'vm', '-w'], environment)
  await saysSoon(watching, /demo .*Running/)
  const other = vmManifest('other')
  desired.put(other)
  observed.see('host1', machineSeen(other))
  world.refresh()
  await saysSoon(watching, /other .*Running/)
  watching.child.kill('SIGINT')
  const { stdout } = await watching.ended
  assert.equal(lines(stdout).filter((line) => line.startsWith('NAME')).length, 1)
})

test('a reader that goes away ends the command without a word', async (t) => {
  const { environment } = await openWorld(t)
  const watching = startCommand(t, ['get', 'events', '-A', '-o', 'json'], environment)
  watching.child.stdout?.destroy()
  const { code, stderr } = await watching.ended
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})

test('colours need a terminal or FORCE_COLOR, and NO_COLOR forbids them', async (t) => {
  const { dir, environment } = await openWorld(t)
  const broken = await writeBroken(dir)
  const colourful = async (more: Record<string, string>, ...flags: string[]): Promise<boolean> =>
    (await startCommand(t, [...flags, 'validate', broken], { ...environment, ...more }).ended).stdout.includes('\u001B[')
  assert.equal(await colourful({}), false)
  assert.equal(await colourful({ FORCE_COLOR: '1' }), true)
  assert.equal(await colourful({ FORCE_COLOR: '1', NO_COLOR: '1' }), false)
  assert.equal(await colourful({ FORCE_COLOR: '1' }, '--no-color'), false)
})

test('the console carries both ways and is left with ^]', async (t) => {
  const world = await openWorld(t)
  const console_ = startCommand(t, ['console', 'demo'], world.environment)
  console_.child.stdin?.write('uname\r')
  await saysSoon(console_, /uname/)
  console_.child.stdin?.write('\u001Dnever sent')
  const { code, stdout, stderr } = await console_.ended
  assert.equal(code, 0)
  assert.ok(!stdout.includes('never sent'))
  assert.match(stderr, /Press Ctrl\+\] to exit console/)
})
