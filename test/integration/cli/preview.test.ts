import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startGitServer } from '../../../lab/git-server.ts'
import { until } from '../../../lab/wait.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import { atEnd } from '../../at-end.ts'
import { Fixture } from '../reconciler/source/fixture.ts'
import { startCommand, type Ended } from './command.ts'

const machine = (memory: string): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: web}
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory: {guest: ${memory}}
        devices: {}
`
const disk = (name: string): string => `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: ${name}}
spec:
  source: {blank: {}}
  storage: {resources: {requests: {storage: 1Gi}}}
`

type World = { readonly fixture: Fixture; readonly gitvirt: (...args: string[]) => Promise<Ended> }

/** A reconciler that follows a repository over HTTP; no agent dials in. */
async function openWorld(t: TestContext): Promise<World> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.commit({ 'web.yaml': machine('1Gi'), 'one.yaml': disk('one') })
  const server = await startGitServer({ root: fixture.root })
  atEnd(t, async () => await server.close())
  const reconciler = await startReconciler({
    stateDir: join(fixture.dir, 'state'),
    source: { url: `${server.url}/fleet.git`, ref: 'main' },
    listen: { host: '127.0.0.1', port: 0 },
    agents: { host: '127.0.0.1', port: 0 },
    serverNames: [],
    pollMs: 100,
    clock: systemClock,
    log: silentLogger,
  })
  atEnd(t, async () => await reconciler.close())
  const environment = { GITVIRT_KUBECONFIG: reconciler.kubeconfig, NODE_COMPILE_CACHE: join(fixture.dir, 'compile') }
  const gitvirt = async (...args: string[]): Promise<Ended> => await startCommand(t, args, environment).ended
  await until('the first revision', async () => (await gitvirt('plan')).code === 0)
  return { fixture, gitvirt }
}

test('gitvirt plan --ref', async (t) => {
  const world = await openWorld(t)
  const { fixture } = world
  fixture.git('checkout', '-q', '-b', 'more')
  fixture.commit({ 'two.yaml': disk('two'), 'three.yaml': 'kind: VirtualMachine\nmetadata: {name: broken\n' }, 'more')
  fixture.git('push', '-q', fixture.bare, 'HEAD:refs/pull/12/head')
  fixture.git('checkout', '-q', 'main')
  fixture.git('checkout', '-q', '-b', 'clash')
  fixture.commit({ 'web.yaml': machine('3Gi') }, 'clash')
  fixture.git('checkout', '-q', 'main')
  fixture.commit({ 'web.yaml': machine('2Gi') })
  await until('the newest revision', async () => (await world.gitvirt('plan', '-o', 'json')).stdout.includes('"guest": "2Gi"'))

  await t.test('shows what merging adds, its faults, and what waits anyway', async () => {
    const { code, stdout, stderr } = await world.gitvirt('plan', '--ref', '#12', '--exit-code')
    assert.equal(code, 2, stderr)
    assert.match(stdout, /^Merging #12 \([0-9a-f]{12} "change two\.yaml three\.yaml"\) into main/)
    assert.match(stdout, /error: three\.yaml:\d+:\d+: /)
    assert.match(stdout, /\+ DataVolume default\/two: create/)
    assert.doesNotMatch(stdout, /\+ DataVolume default\/one: create/)
    assert.match(stdout, /more objects wait on the tracked branch already: .*DataVolume\/default\/one/)
  })

  await t.test('plans the merge result, not the head of the branch', async () => {
    const { stdout } = await world.gitvirt('plan', '--ref', 'more', '-o', 'json')
    const { plan, merge } = JSON.parse(stdout) as { plan: { changes: { key: string; steps: unknown[] }[] }; merge: { ref: string } }
    assert.equal(merge.ref, 'more')
    const web = plan.changes.find(({ key }) => key === 'VirtualMachine/default/web')
    assert.match(JSON.stringify(web), /"guest":"2Gi"/)
  })

  await t.test('writes a comment', async () => {
    const { code, stdout } = await world.gitvirt('plan', '--ref', 'more', '-o', 'markdown')
    assert.equal(code, 0)
    assert.match(stdout, /^### gitvirt: Plan: 1 to create/)
    assert.match(stdout, /<details><summary><code>create: DataVolume\/default\/two/)
  })

  await t.test('says which files conflict, which names are none, and leaves what is tracked alone', async () => {
    const clash = await world.gitvirt('plan', '--ref', 'clash')
    assert.equal(clash.code, 1)
    assert.match(clash.stderr, /clash cannot be merged into main: both change web\.yaml\. Merge main into it, or rebase it/)
    const missing = await world.gitvirt('plan', '--ref', 'nowhere')
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /has no refs\/heads\/nowhere/)
    const strange = await world.gitvirt('plan', '--ref', '--upload-pack=x')
    assert.notEqual(strange.code, 0)
    const { stdout } = await world.gitvirt('plan', '-o', 'json')
    assert.doesNotMatch(stdout, /DataVolume\/default\/two/)
  })
})
