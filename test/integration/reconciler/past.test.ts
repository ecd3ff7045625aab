import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../lab/wait.ts'
import type { PastAnswer } from '../../../reconciler/past.ts'
import { startCommand, type Ended } from '../cli/command.ts'
import { makePlace, startWhole, type Place, type Whole } from './whole.ts'

const machine = (memory: string): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: { name: web, namespace: default }
spec:
  runStrategy: Always
  template:
    spec:
      domain: { devices: { disks: [{ name: seed, disk: { bus: virtio } }] }, memory: { guest: ${memory} } }
      volumes: [{ name: seed, cloudInitNoCloud: { userData: "password: open sesame" } }]
`

type World = Place & Whole & { readonly gitvirt: (...args: string[]) => Promise<Ended> }

async function openWorld(t: TestContext): Promise<World> {
  const place = await makePlace(t)
  place.git.commit({ 'prod/readme.yaml': '# nothing yet' })
  const whole = await startWhole(t, place, { source: { url: place.git.bare, ref: 'main', path: 'prod' } })
  const environment = { GITVIRT_KUBECONFIG: whole.reconciler.kubeconfig }
  const gitvirt = async (...args: string[]): Promise<Ended> => await startCommand(t, [...args, '--repo', place.git.work], environment).ended
  return { ...place, ...whole, gitvirt }
}

async function untilSeen({ client }: World, what: string, wanted: (past: PastAnswer) => boolean): Promise<string> {
  return await until(what, async () => {
    const at = new Date().toISOString()
    const past = await client.call<PastAnswer>(`/gitvirt/v1/history?at=${encodeURIComponent(at)}`)
    return wanted(past) ? at : undefined
  })
}

const web = 'VirtualMachine/default/web'
const phaseOf = ({ observed }: PastAnswer): string | undefined => observed.find(({ key }) => key === web)?.state.phase

test('history tells what Git wanted and what ran, before and after a commit, from the clone and the reconciler', async (t) => {
  const world = await openWorld(t)
  await world.join('h1')
  const before = await untilSeen(world, 'the first revision', ({ revision }) => revision !== undefined)
  // Objects tell their beginning to the second.
  await delay(1100)
  const first = world.git.commit({ 'prod/web.yaml': machine('64Mi') })
  const running = await untilSeen(world, 'the machine', (past) => phaseOf(past) === 'Running' && past.applied.length > 0)
  const second = world.git.commit({ 'prod/web.yaml': null, 'prod/other.yaml': machine('128Mi').replace('name: web', 'name: other') })
  const gone = await untilSeen(world, 'its end', (past) => past.revision?.commit === second && phaseOf(past) === undefined)

  const table = await world.gitvirt('history', '--at', running)
  assert.match(table.stdout, new RegExp(`^Revision ${first.slice(0, 12)}, in force since `), table.stderr)
  assert.match(table.stdout, new RegExp(`VirtualMachine/default/web +prod/web.yaml:1 +Running +h1 +\\S+ +${first.slice(0, 12)}`))
  const one = await world.gitvirt('history', 'vm/web', '--at', running, '-o', 'json')
  const told = JSON.parse(one.stdout) as {
    desired: { object: { spec: { template: unknown } } }
    observed: { key: string }[]
    applied: { commit: string }[]
  }
  assert.match(JSON.stringify(told.desired.object), /"guest":"64Mi"/)
  assert.doesNotMatch(one.stdout, /open sesame/)
  assert.deepEqual(
    told.observed.map(({ key }) => key),
    [web, 'VirtualMachineInstance/default/web'],
  )
  assert.equal(told.applied[0]?.commit, first)

  const earlier = await world.gitvirt('history', 'vm/web', '--at', before)
  assert.match(earlier.stdout, /^desired: not in Git$/m)
  assert.match(earlier.stdout, /^observed: \[\]$/m)
  const later = await world.gitvirt('history', 'vm/web', '--at', gone, '-o', 'yaml')
  assert.match(later.stdout, /^desired: not in Git$/m)
})

test('history says since when it knows, where it is asked for an earlier time', async (t) => {
  const world = await openWorld(t)
  await untilSeen(world, 'the first revision', ({ revision }) => revision !== undefined)
  const { code, stdout, stderr } = await world.gitvirt('history', '--at', '7d', '-o', 'json')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /The revision in force at \S+ is not known: the first one that was kept came at 2/)
  assert.match(stderr, /What ran at \S+ is not known: it has been kept since 2/)
  const { desired, observed } = JSON.parse(stdout) as { desired: unknown; observed: unknown }
  assert.deepEqual([desired, observed], [null, null])
})

test('history names the revision that a clone lacks', async (t) => {
  const world = await openWorld(t)
  const at = await untilSeen(world, 'the first revision', ({ revision }) => revision !== undefined)
  const other = await makePlace(t)
  other.git.commit({ 'a.yaml': '# other' })
  const environment = { GITVIRT_KUBECONFIG: world.reconciler.kubeconfig }
  const { code, stderr } = await startCommand(t, ['history', '--at', at, '--repo', other.git.work], environment).ended
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`does not have the revision ${world.git.head()}.*git fetch`))
})
