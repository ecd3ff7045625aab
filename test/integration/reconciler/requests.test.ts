import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import { atEnd } from '../../at-end.ts'
import type { ForgeServer } from '../../fakes/forge-server.ts'
import { startCommand, type Ended } from '../cli/command.ts'
import { comment, request, statusOf } from './approvals-steps.ts'
import { openForgeWorld } from './forge-world.ts'
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
  atEnd(t, () => fixture.close())
  fixture.commit({ 'one.yaml': disk('one') })
  const { forge, options } = await openForgeWorld(t, fixture)
  const reconciler = await startReconciler(options)
  atEnd(t, async () => await reconciler.close())
  const environment = { GITVIRT_KUBECONFIG: reconciler.kubeconfig, NODE_COMPILE_CACHE: join(fixture.dir, 'compile') }
  return { fixture, forge, gitvirt: async (...args) => await startCommand(t, args, environment).ended }
}

/** Pushes a branch as a request of this number, or more commits of it. */
function branchOff(world: World, number: number, files: Record<string, string>): string {
  const { fixture, forge } = world
  const branch = `request-${number}`
  fixture.git('checkout', '-q', '-B', branch, forge.world.requests.some((one) => one.number === number) ? branch : 'main')
  fixture.commit(files, branch)
  const head = request(world, number)
  fixture.git('checkout', '-q', 'main')
  return head
}

test('requests of a forge', async (t) => {
  const world = await openWorld(t)
  const { comments, statuses } = world.forge.world

  await t.test('are planned, with one comment and a status', async () => {
    const head = branchOff(world, 1, { 'two.yaml': disk('two') })
    const { state, context, description } = await statusOf(world, head)
    assert.deepEqual([state, context], ['success', 'gitvirt/plan/prod'])
    assert.match(description, /^Plan: 1 to create/)
    assert.match(comment(world, 1), /^<!-- gitvirt\/plan\/prod -->\n\*\*prod\*\*/)
    assert.match(comment(world, 1), /create: DataVolume\/default\/two/)
  })

  await t.test('are planned again when they move, in the same comment', async () => {
    const head = branchOff(world, 1, { 'three.yaml': disk('three') })
    assert.match((await statusOf(world, head)).description, /^Plan: 2 to create/)
    assert.equal(comments.filter((one) => one.request === 1).length, 1)
    assert.match(comment(world, 1), /create: DataVolume\/default\/three/)
  })

  await t.test('fail with faults in manifests, and with conflicts, and say which', async () => {
    const broken = branchOff(world, 2, { 'four.yaml': 'kind: DataVolume\nmetadata: {name: four\n' })
    assert.equal((await statusOf(world, broken)).state, 'failure')
    assert.match(comment(world, 2), /Faults that this brings[^]*four\.yaml:\d+:\d+: /)
    const clash = branchOff(world, 3, { 'one.yaml': disk('one', '2Gi') })
    assert.equal((await statusOf(world, clash)).state, 'success')
    world.fixture.commit({ 'one.yaml': disk('one', '3Gi') })
    await until('the conflict', async () => statuses.findLast((one) => one.commit === clash)?.state === 'failure')
    assert.match(comment(world, 3), /cannot be merged into main: both change one\.yaml/)
  })

  await t.test('are held against what is merged: as planned, or planned again', async () => {
    const { fixture } = world
    const events = async (): Promise<string> => (await world.gitvirt('events')).stdout
    fixture.git('merge', '-q', '--no-ff', '-m', 'Merge pull request #1', 'request-1')
    fixture.push()
    await until('the first merge', async () => (await events()).includes('MergedAsPlanned'))
    const head = branchOff(world, 5, { 'six.yaml': disk('six') })
    await statusOf(world, head)
    fixture.git('merge', '-q', '--no-ff', '--no-commit', 'request-5')
    fixture.commit({ 'seven.yaml': disk('seven') })
    await until('the second merge', async () => (await events()).includes('MergedPlannedAgain'))
  })

  await t.test('are planned with the commit that is listed only, once Git has it too', async () => {
    const before = branchOff(world, 6, { 'eight.yaml': disk('eight') })
    await statusOf(world, before)
    const { fixture, forge } = world
    fixture.git('checkout', '-q', 'request-6')
    const after = fixture.commit({ 'nine.yaml': disk('nine') }, 'request-6')
    fixture.git('checkout', '-q', 'main')
    const listed = forge.world.requests.find((one) => one.number === 6)
    if (listed !== undefined) listed.head = after
    const { calls } = forge.world
    await until('some looks', async () => forge.world.calls > calls + 3)
    assert.ok(statuses.every(({ commit }) => commit !== after))
    fixture.git('push', '-q', fixture.bare, `${after}:refs/pull/6/head`)
    assert.match((await statusOf(world, after)).description, /^Plan: 2 to create/)
    assert.match(comment(world, 6), /create: DataVolume\/default\/nine/)
  })

  await t.test('are taken up again after the forge was away', async () => {
    world.forge.world.failure = 503
    const head = branchOff(world, 4, { 'five.yaml': disk('five') })
    const { calls } = world.forge.world
    await until('some tries', async () => world.forge.world.calls > calls + 2)
    assert.equal(comment(world, 4), '')
    world.forge.world.failure = 0
    assert.equal((await statusOf(world, head)).state, 'success')
  })
})
