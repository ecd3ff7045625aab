import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { credentials } from '../../../agent/session/credentials.ts'
import { createClient } from '../../../reconciler/cli/client.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import type { Reconciler } from '../../../reconciler/reconciler-options.ts'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { startTestAgent, until, type TestAgent } from '../session/lab.ts'
import { Fixture } from './source/fixture.ts'

const manifest = (name: string): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: { name: ${name}, namespace: default }
spec:
  runStrategy: Always
  template: { spec: { domain: { devices: {}, memory: { guest: 64Mi } } } }
`
const nodeManifest = (name: string): string => `apiVersion: v1\nkind: Node\nmetadata: { name: ${name} }\n`

let git: Fixture
let dir: string
let reconciler: Reconciler | undefined
let agents: TestAgent[]

beforeEach(async () => {
  git = new Fixture()
  dir = await mkdtemp(join(tmpdir(), 'gitvirt-lost-'))
  agents = []
})
afterEach(async () => {
  await stopAll()
  git.close()
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
})

async function start(): Promise<Reconciler> {
  reconciler = await startReconciler({
    stateDir: join(dir, 'state'),
    source: { url: git.bare, ref: 'main' },
    listen: { host: '127.0.0.1', port: 0 },
    agents: { host: '127.0.0.1', port: 0 },
    serverNames: [],
    pollMs: 200,
    clock: systemClock,
    log: silentLogger,
  })
  return reconciler
}

async function restart(): Promise<void> {
  await stopAll()
  await start()
}

async function stopAll(): Promise<void> {
  for (const agent of agents.splice(0)) await agent.close()
  await reconciler?.close()
  reconciler = undefined
}

/** An agent whose host outlives it; `machines` are those that it runs. */
async function joinHost(node: string): Promise<() => string[]> {
  const running = reconciler ?? assert.fail('no reconciler')
  const joinToken = await running.createJoinToken(node)
  const options = { node, url: running.agentsUrl, stateDir: join(dir, node), joinToken, clock: systemClock, log: silentLogger }
  const agent = await startTestAgent({
    hub: { dir },
    node,
    path: join(dir, `${node}.json`),
    endpoint: (failure) => credentials(options, failure),
  })
  agents.push(agent)
  await untilConnected(node)
  return () => Object.keys(agent.world.state.machines).sort()
}

const call = async <T>(path: string, body?: object): Promise<T> => {
  const client = createClient({ kubeconfig: reconciler?.kubeconfig ?? '' })
  return await client.call<T>(path, body === undefined ? {} : { method: 'POST', body })
}
const blocksOf = async (name: string): Promise<Plan['changes'][number]['blocked']> =>
  (await call<Plan>('/gitvirt/v1/plan')).changes.find(({ key }) => key === `VirtualMachine/default/${name}`)?.blocked ?? []
type ApiVm = { readonly status: { readonly printableStatus: string; readonly conditions: { type: string; reason: string }[] } }

const web = 'VirtualMachine/default/web'

async function untilConnected(node: string): Promise<void> {
  const end = performance.now() + 15_000
  for (;;) {
    const { agents: seen } = await call<{ agents: { node: string; connected: boolean }[] }>('/gitvirt/v1/status')
    if (seen.some((one) => one.node === node && one.connected)) return
    if (performance.now() > end) throw new Error(`${node} did not connect`)
    await delay(50)
  }
}

async function untilBlocked(name: string): Promise<string> {
  const end = performance.now() + 15_000
  for (;;) {
    const blocks = await blocksOf(name).catch(() => [])
    const found = blocks.find(({ reason }) => reason === 'HostsUnheard')
    if (found !== undefined) return `${found.message} ${found.unblock}`
    if (performance.now() > end) throw new Error(`${name} was not held back: ${JSON.stringify(blocks)}`)
    await delay(50)
  }
}

/** Two hosts, of which h2 got the machine `web` because it came first. */
async function fleet(): Promise<void> {
  git.commit({ 'web.yaml': manifest('web') })
  await start()
  const machines = await joinHost('h2')
  await until('web runs on h2', () => machines().includes(web))
  await joinHost('h1')
  await stopAll()
}

async function lose(...names: string[]): Promise<void> {
  for (const name of await readdir(join(dir, 'state'))) {
    if (names.some((one) => name.startsWith(one))) await rm(join(dir, 'state', name), { recursive: true })
  }
}

describe('a reconciler whose database is lost', { timeout: 60_000 }, () => {
  beforeEach(fleet)

  it('places nothing on the first host that connects while one with a certificate was not heard', async () => {
    await lose('state.db')
    await start()
    const first = await joinHost('h1')
    assert.match(await untilBlocked('web'), /h2 has not reported to it.*gitvirt approve node\/h2/)
    assert.deepEqual(first(), [])
    const { status } = await call<ApiVm>('/apis/kubevirt.io/v1/namespaces/default/virtualmachines/web')
    assert.equal(status.printableStatus, 'ErrorUnschedulable')
    assert.equal(status.conditions.find(({ type }) => type === 'Synced')?.reason, 'HostsUnheard')
    await restart()
    const again = await joinHost('h1')
    assert.match(await untilBlocked('web'), /h2 has not reported/)
    assert.deepEqual(again(), [])
  })

  it('goes on when the last host has reported, with every machine where it was', async () => {
    await lose('state.db')
    await start()
    const first = await joinHost('h1')
    await untilBlocked('web')
    git.commit({ 'new.yaml': manifest('new') })
    const second = await joinHost('h2')
    await until('the new machine is placed', () => [...first(), ...second()].includes('VirtualMachine/default/new'))
    assert.equal([...first(), ...second()].filter((key) => key === web).length, 1)
    assert.ok(second().includes(web))
  })

  it('goes on without a host of which a person says that it is off for good', async () => {
    await lose('state.db')
    await start()
    const first = await joinHost('h1')
    await untilBlocked('web')
    await call('/gitvirt/v1/approvals', { key: 'Node//h2', plan: 'any' })
    await until('web is placed on h1', () => first().includes(web))
    await assert.rejects(call('/gitvirt/v1/approvals', { key: 'Node//h2', plan: 'any' }), /Nothing waits for a report of node h2/)
  })

  it('places one machine that a person approves', async () => {
    git.commit({ 'other.yaml': manifest('other') })
    await lose('state.db')
    await start()
    const first = await joinHost('h1')
    await untilBlocked('web')
    await call('/gitvirt/v1/approvals', { key: web, plan: (await call<Plan>('/gitvirt/v1/plan')).id })
    await until('web is placed on h1', () => first().includes(web))
    assert.match(await untilBlocked('other'), /h2 has not reported/)
  })

  it('waits for every Node that Git declares where the authority is lost as well', async () => {
    git.commit({ 'nodes.yaml': `${nodeManifest('h1')}---\n${nodeManifest('h2')}` })
    await lose('state.db', 'pki')
    await start()
    const first = await joinHost('h1')
    assert.match(await untilBlocked('web'), /h2 has not reported/)
    assert.deepEqual(first(), [])
  })

  it('asks a person where the authority is lost, a host has machines already, and Git declares no Node', async () => {
    git.commit({ 'new.yaml': manifest('new') })
    await lose('state.db', 'pki')
    await start()
    const machines = await joinHost('h2')
    assert.match(await untilBlocked('new'), /Git declares no Node.*Declare every host as a Node/)
    assert.deepEqual(machines(), [web])
    git.commit({ 'nodes.yaml': `${nodeManifest('h1')}---\n${nodeManifest('h2')}` })
    await joinHost('h1')
    await until('the new machine is placed', () => agents.some(({ world }) => 'VirtualMachine/default/new' in world.state.machines))
  })
})
