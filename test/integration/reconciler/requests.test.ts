import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startGitServer } from '../../../lab/git-server.ts'
import { until } from '../../../lab/wait.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import { forgeToken, repository, startForgeServer, type ForgeServer } from '../../fakes/forge-server.ts'
import { startCommand, type Ended } from '../cli/command.ts'
import { Fixture } from './source/fixture.ts'

const disk = (name: string, size = '1Gi'): string => `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: ${name}}
spec:
  source: {blank: {}}
  storage: {resources: {requests: {storage: ${size}}}}
`

type World = { readonly fixture: Fixture; readonly forge: ForgeServer; readonly gitvirt: (...args: string[]) => Promise<Ended> }

/** A reconciler that follows a repository and the requests of its forge, by polling alone. */
async function openWorld(t: TestContext): Promise<World> {
  const fixture = new Fixture()
  t.after(() => fixture.close())
  fixture.commit({ 'one.yaml': disk('one') })
  const git = await startGitServer({ root: fixture.root })
  t.after(async () => await git.close())
  const forge = await startForgeServer('github')
  t.after(async () => await forge.close())
  const tokenFile = join(fixture.dir, 'token')
  writeFileSync(tokenFile, forgeToken)
  const reconciler = await startReconciler({
    stateDir: join(fixture.dir, 'state'),
    source: { url: `${git.url}/fleet.git`, ref: 'main' },
    listen: { host: '127.0.0.1', port: 0 },
    agents: { host: '127.0.0.1', port: 0 },
    serverNames: [],
    pollMs: 100,
    forge: { kind: 'github', api: forge.api, repository, tokenFile, pollMs: 100 },
    environment: 'prod',
    clock: systemClock,
    log: silentLogger,
  })
  t.after(async () => await reconciler.close())
  const environment = { GITVIRT_KUBECONFIG: reconciler.kubeconfig, NODE_COMPILE_CACHE: join(fixture.dir, 'compile') }
  return { fixture, forge, gitvirt: async (...args) => await startCommand(t, args, environment).ended }
}

/** Pushes a branch as a request of this number, or more commits of it. */
function request({ fixture, forge }: World, number: number, files: Record<string, string>): string {
  const branch = `request-${number}`
  fixture.git('checkout', '-q', '-B', branch, forge.world.requests.some((one) => one.number === number) ? branch : 'main')
  const head = fixture.commit(files, branch)
  fixture.git('push', '-q', '--force', fixture.bare, `HEAD:refs/pull/${number}/head`)
  fixture.git('checkout', '-q', 'main')
  const known = forge.world.requests.find((one) => one.number === number)
  if (known === undefined) forge.world.requests.push({ number, head, title: branch, base: 'main' })
  else known.head = head
  return head
}

test('requests of a forge', async (t) => {
  const world = await openWorld(t)
  const { comments, statuses } = world.forge.world
  const comment = (number: number): string | undefined => comments.find((one) => one.request === number)?.body
  const statusOf = async (commit: string): Promise<(typeof statuses)[number]> =>
    await until(`a status of ${commit}`, async () => statuses.findLast((one) => one.commit === commit))

  await t.test('are planned, with one comment and a status', async () => {
    const head = request(world, 1, { 'two.yaml': disk('two') })
    const { state, context, description } = await statusOf(head)
    assert.deepEqual([state, context], ['success', 'gitvirt/plan/prod'])
    assert.match(description, /^Plan: 1 to create/)
    assert.match(comment(1) ?? '', /^<!-- gitvirt\/plan\/prod -->\n\*\*prod\*\*/)
    assert.match(comment(1) ?? '', /create: DataVolume\/default\/two/)
  })

  await t.test('are planned again when they move, in the same comment', async () => {
    const head = request(world, 1, { 'three.yaml': disk('three') })
    assert.match((await statusOf(head)).description, /^Plan: 2 to create/)
    assert.equal(comments.filter((one) => one.request === 1).length, 1)
    assert.match(comment(1) ?? '', /create: DataVolume\/default\/three/)
  })

  await t.test('fail with faults in manifests, and with conflicts, and say which', async () => {
    const broken = request(world, 2, { 'four.yaml': 'kind: DataVolume\nmetadata: {name: four\n' })
    assert.equal((await statusOf(broken)).state, 'failure')
    assert.match(comment(2) ?? '', /Faults that this brings[^]*four\.yaml:\d+:\d+: /)
    const clash = request(world, 3, { 'one.yaml': disk('one', '2Gi') })
    assert.equal((await statusOf(clash)).state, 'success')
    world.fixture.commit({ 'one.yaml': disk('one', '3Gi') })
    await until('the conflict', async () => statuses.findLast((one) => one.commit === clash)?.state === 'failure')
    assert.match(comment(3) ?? '', /cannot be merged into main: both change one\.yaml/)
  })

  await t.test('are held against what is merged: as planned, or planned again', async () => {
    const { fixture } = world
    const events = async (): Promise<string> => (await world.gitvirt('events')).stdout
    fixture.git('merge', '-q', '--no-ff', '-m', 'Merge pull request #1', 'request-1')
    fixture.push()
    await until('the first merge', async () => (await events()).includes('MergedAsPlanned'))
    const head = request(world, 5, { 'six.yaml': disk('six') })
    await statusOf(head)
    fixture.git('merge', '-q', '--no-ff', '--no-commit', 'request-5')
    fixture.commit({ 'seven.yaml': disk('seven') })
    await until('the second merge', async () => (await events()).includes('MergedPlannedAgain'))
  })

  await t.test('are planned with the commit that is listed only, once Git has it too', async () => {
    const before = request(world, 6, { 'eight.yaml': disk('eight') })
    await statusOf(before)
    const { fixture, forge } = world
    fixture.git('checkout', '-q', 'request-6')
    const after = fixture.commit({ 'nine.yaml': disk('nine') }, 'request-6')
    fixture.git('checkout', '-q', 'main')
    const listed = forge.world.requests.find((one) => one.number === 6)
    if (listed !== undefined) listed.head = after
    const [{ calls }, count] = [forge.world, statuses.length]
    await until('some looks', async () => forge.world.calls > calls + 3)
    assert.equal(statuses.length, count)
    fixture.git('push', '-q', fixture.bare, `${after}:refs/pull/6/head`)
    assert.match((await statusOf(after)).description, /^Plan: 2 to create/)
    assert.match(comment(6) ?? '', /create: DataVolume\/default\/nine/)
  })

  await t.test('are taken up again after the forge was away', async () => {
    world.forge.world.failure = 503
    const head = request(world, 4, { 'five.yaml': disk('five') })
    const { calls } = world.forge.world
    await until('some tries', async () => world.forge.world.calls > calls + 2)
    assert.equal(comment(4), undefined)
    world.forge.world.failure = 0
    assert.equal((await statusOf(head)).state, 'success')
  })
})
