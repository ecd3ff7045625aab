import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { run, type ExecResult } from '../../../../reconciler/lib/exec.ts'
import { atEnd } from '../../../at-end.ts'
import { fillDemo, startApiFixture, type ApiFixture } from '../../../fakes/api-server.ts'
import { machineSeen, vmManifest } from '../../../fakes/views.ts'

const skip = spawnSync('kubectl', ['version', '--client']).error === undefined ? false : 'kubectl is not on the PATH'

type Demo = ApiFixture & { readonly kubectl: (...args: string[]) => Promise<ExecResult>; readonly environment: Record<string, string> }

async function demo(t: TestContext): Promise<Demo> {
  const fixture = await startApiFixture()
  atEnd(t, () => fixture[Symbol.asyncDispose]())
  fillDemo(fixture)
  const home = join(fixture.dir, 'home')
  await mkdir(home)
  const environment = { HOME: home, KUBECONFIG: fixture.kubeconfig }
  const kubectl = async (...args: string[]) => await run('kubectl', args, { env: environment, okCodes: [1] })
  return Object.assign(fixture, { kubectl, environment })
}

/** Words of each line, so that column widths do not matter. */
function words(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).join(' '))
}

test('kubectl get prints the columns of upstream', { skip }, async (t) => {
  const { kubectl } = await demo(t)
  const vm = words((await kubectl('get', 'vm', '-A')).stdout)
  assert.equal(vm[0], 'NAMESPACE NAME AGE STATUS READY')
  assert.match(vm[1] ?? '', /^default demo \S+ Running True$/)
  const all = (await kubectl('get', 'vm,dv,nncp,nnce,nodes', '-A')).stdout
  assert.match(all, /datavolume\.cdi\.kubevirt\.io\/demo-root +Succeeded +100\.0% +0/)
  assert.match(all, /nodenetworkconfigurationpolicy\.nmstate\.io\/br1 +Available +SuccessfullyConfigured/)
  assert.match(all, /nodenetworkconfigurationenactment\.nmstate\.io\/host1\.br1 +Available/)
  assert.match(all, /node\/host1 +Ready +<none>/)
  assert.match((await kubectl('get', 'vm', '-o', 'wide')).stdout, /RESTART\? +BLOCKED +HELD\n.*host1 +10\.0\.2\.15/)
  assert.match((await kubectl('get', 'all')).stdout, /virtualmachineinstance\.kubevirt\.io\/demo/)
})

test('kubectl get knows yaml, json, name, jsonpath, selectors and pages', { skip }, async (t) => {
  const { kubectl } = await demo(t)
  assert.match((await kubectl('get', 'vm', 'demo', '-o', 'yaml')).stdout, /printableStatus: Running/)
  assert.equal((await kubectl('get', 'vm', '-o', 'name')).stdout, 'virtualmachine.kubevirt.io/demo\n')
  assert.equal((await kubectl('get', 'vm', 'demo', '-o', 'jsonpath={.status.printableStatus}')).stdout, 'Running')
  const list = JSON.parse((await kubectl('get', 'vm', '-o', 'json')).stdout) as { items: unknown[] }
  assert.equal(list.items.length, 1)
  assert.match((await kubectl('get', 'vm', '-l', 'app!=demo')).stderr, /No resources found/)
  const events = words((await kubectl('get', 'events', '-A', '--chunk-size=1', '-o', 'name')).stdout)
  assert.ok(events.length > 3)
  assert.equal(new Set(events).size, events.length)
})

test('kubectl describe shows the object with its events, and of a Secret no value', { skip }, async (t) => {
  const { kubectl } = await demo(t)
  assert.match((await kubectl('describe', 'vm', 'demo')).stdout, /Printable Status: +Running[\s\S]*Events:[\s\S]*SuccessfulCreate/)
  assert.match((await kubectl('describe', 'node', 'host1')).stdout, /Container Runtime Version: +libvirt:\/\/9\.0\.0/)
  assert.equal((await kubectl('get', 'secret', 'login', '-o', 'yaml')).stdout.includes(Buffer.from('hunter2').toString('base64')), false)
  assert.match((await kubectl('get', 'events', '--field-selector', 'involvedObject.kind=VirtualMachine')).stdout, /virtualmachine\/demo/)
  assert.match((await kubectl('events')).stdout, /Started/)
})

test('kubectl get -w prints a change as it comes', { skip }, async (t) => {
  const fixture = await demo(t)
  const child = spawn('kubectl', ['get', 'vm', '-w'], {
    env: { ...process.env, ...fixture.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  atEnd(t, async () => {
    child.kill()
    await exited
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  assert.match(String((await lines.next()).value), /^NAME/)
  assert.match(String((await lines.next()).value), /Running/)
  fixture.observed.see('host1', machineSeen(vmManifest('demo'), { state: 'paused' }))
  fixture.refresh(['VirtualMachine/default/demo'])
  assert.match(String((await lines.next()).value), /Paused/)
})

test('kubectl api-resources, explain, auth can-i, wait and version work', { skip }, async (t) => {
  const { kubectl } = await demo(t)
  const names = words((await kubectl('api-resources', '-o', 'name')).stdout)
  assert.ok(names.includes('virtualmachines.kubevirt.io') && !names.includes('pods'))
  assert.match((await kubectl('explain', 'vm.spec.template.spec.domain.memory')).stdout, /guest\t<string>/)
  assert.equal((await kubectl('auth', 'can-i', 'get', 'vm')).stdout.trim(), 'yes')
  assert.match((await kubectl('auth', 'can-i', 'create', 'vm')).stdout, /^no - desired state changes only in Git/)
  assert.match((await kubectl('wait', 'vm/demo', '--for=condition=Ready', '--timeout=10s')).stdout, /condition met/)
  assert.match((await kubectl('version')).stdout, /gitvirt-0\.1\.0/)
})

test('kubectl apply, create, label and delete are refused with the file to change', { skip }, async (t) => {
  const { kubectl, dir } = await demo(t)
  const file = join(dir, 'vm.json')
  const manifest = vmManifest('demo')
  await writeFile(file, JSON.stringify({ ...manifest, spec: { ...(manifest['spec'] as object), runStrategy: 'Halted' } }))
  const where = /apps\/demo\.yaml:3:1 on branch "main" of https:\/\/git\.example\/fleet\.git/
  for (const args of [
    ['apply', '-f', file],
    ['apply', '--server-side', '-f', file],
    ['label', 'vm', 'demo', 'a=b'],
    ['delete', 'vm', 'demo'],
  ]) {
    const { stderr, exitCode } = await kubectl(...args)
    assert.equal(exitCode, 1, args.join(' '))
    assert.match(stderr, where)
  }
  assert.match((await kubectl('create', '-f', file)).stderr, /add its file to branch "main"/)
  assert.match(
    (await kubectl('get', 'vm', 'none')).stderr,
    /Error from server \(NotFound\): virtualmachines\.kubevirt\.io "none" not found/,
  )
})
