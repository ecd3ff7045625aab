import assert from 'node:assert/strict'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it, type TestContext } from 'node:test'
import { credentials } from '../../../agent/session/credentials.ts'
import { createClient } from '../../../reconciler/cli/client.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler, type Reconciler } from '../../../reconciler/main.ts'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { startTestAgent, until, type TestAgent } from '../session/lab.ts'
import { Fixture } from './source/fixture.ts'

const manifest = (name: string, memory = '64Mi'): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: { name: ${name}, namespace: default }
spec:
  runStrategy: Always
  template: { spec: { domain: { devices: {}, memory: { guest: ${memory} } } } }
`

type Status = { readonly sources: { name: string; revision?: string; error?: string }[]; readonly errors: { code: string; path: string }[] }

/** A host, the environment's own source, and another one called `more`. */
class World {
  readonly own = new Fixture()
  readonly more = new Fixture()
  readonly #dir: string
  #reconciler: Reconciler | undefined
  #agent: TestAgent | undefined

  constructor(dir: string) {
    this.#dir = dir
  }

  async start(): Promise<void> {
    this.#reconciler = await startReconciler({
      stateDir: join(this.#dir, 'state'),
      source: { url: this.own.bare, ref: 'main' },
      others: [{ name: 'more', url: this.more.bare, ref: 'main', path: 'hosts' }],
      listen: { host: '127.0.0.1', port: 0 },
      agents: { host: '127.0.0.1', port: 0 },
      serverNames: [],
      pollMs: 100,
      clock: systemClock,
      log: silentLogger,
    })
    const joinToken = await this.#reconciler.createJoinToken('h1')
    const options = {
      node: 'h1',
      url: this.#reconciler.agentsUrl,
      stateDir: join(this.#dir, 'h1'),
      joinToken,
      clock: systemClock,
      log: silentLogger,
    }
    this.#agent = await startTestAgent({
      hub: { dir: this.#dir },
      node: 'h1',
      path: join(this.#dir, 'h1.json'),
      endpoint: (failure) => credentials(options, failure),
    })
  }

  async stop(): Promise<void> {
    await this.#agent?.close()
    await this.#reconciler?.close()
  }

  machines(): string[] {
    return Object.keys(this.#agent?.world.state.machines ?? {}).sort()
  }

  async call<T>(path: string, method = 'GET'): Promise<T> {
    return await createClient({ kubeconfig: this.#reconciler?.kubeconfig ?? '' }).call<T>(path, { method })
  }

  async status(): Promise<Status> {
    return await this.call<Status>('/gitvirt/v1/status')
  }

  async changes(): Promise<string[]> {
    const { changes } = await this.call<Plan>('/gitvirt/v1/plan')
    return changes.filter(({ action }) => action !== 'none').map(({ key, action }) => `${action} ${key}`)
  }
}

async function world(t: TestContext): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-sources-'))
  const made = new World(dir)
  t.after(async () => {
    await made.stop()
    made.own.close()
    made.more.close()
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  return made
}

async function untilTrue(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`)
    await delay(50)
  }
}

const [web, db] = ['VirtualMachine/default/web', 'VirtualMachine/default/db']
const vms = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines'

describe('an environment of two repositories', { timeout: 120_000 }, () => {
  it('runs what both declare, and says of each object where it is edited', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db'), 'elsewhere.yaml': manifest('no') })
    await at.start()
    await until('both run', () => at.machines().length === 2)
    assert.deepEqual(at.machines(), [db, web])
    const seen = await at.call<{ metadata: { annotations: Record<string, string> } }>(`${vms}/db`)
    assert.equal(seen.metadata.annotations['gitvirt.io/origin'], 'more//hosts/db.yaml:1:1')
    await assert.rejects(at.call(`${vms}/db`, 'DELETE'), { message: /remove it from hosts\/db\.yaml:1:1 on branch "main" of .*fleet\.git/ })
    const { sources } = await at.status()
    assert.deepEqual(
      sources.map(({ name, revision }) => [name, revision]),
      [['more', at.more.head()]],
    )
  })

  it('leaves an object with its owner, and moves it without deleting it', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await at.start()
    await until('both run', () => at.machines().length === 2)
    at.own.commit({ 'db.yaml': manifest('db', '128Mi') })
    await untilTrue('the conflict is told', async () =>
      (await at.status()).errors.some(({ code, path }) => code === 'OwnedByOtherSource' && path === 'db.yaml'),
    )
    assert.deepEqual(await at.changes(), [])
    at.more.commit({ 'hosts/db.yaml': null, 'hosts/keep.txt': '' })
    await untilTrue('it has moved', async () => (await at.status()).errors.length === 0)
    const changes = await at.changes()
    assert.deepEqual(
      changes.filter((one) => one.startsWith('delete') || one.startsWith('create')),
      [],
    )
    assert.deepEqual(at.machines(), [db, web])
    const seen = await at.call<{ metadata: { annotations: Record<string, string> } }>(`${vms}/db`)
    assert.equal(seen.metadata.annotations['gitvirt.io/origin'], 'db.yaml:1:1')
  })

  it('goes on without a source that cannot be read, whose objects stay as they are, also after a restart', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await at.start()
    await until('both run', () => at.machines().length === 2)
    await at.stop()
    await rename(at.more.bare, `${at.more.bare}.away`)
    at.own.commit({ 'web.yaml': null, 'late.yaml': manifest('late') })
    await at.start()
    await until('what the first source declares runs', () => at.machines().includes('VirtualMachine/default/late'))
    await untilTrue('the source is told', async () => (await at.status()).sources.some(({ error }) => error !== undefined))
    assert.ok(at.machines().includes(db))
    assert.deepEqual(
      (await at.changes()).filter((one) => one.endsWith(db)),
      [],
    )
    await rename(`${at.more.bare}.away`, at.more.bare)
    at.more.commit({ 'hosts/db.yaml': null, 'hosts/x.txt': '' })
    await untilTrue('its own deletion counts', async () => !at.machines().includes(db) || (await at.changes()).includes(`delete ${db}`))
  })

  it('previews a request of the own repository with what the other one declares', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await at.start()
    await until('both run', () => at.machines().length === 2)
    at.own.git('checkout', '-q', '-b', 'topic')
    at.own.commit({ 'new.yaml': manifest('new') }, 'topic')
    const { plan } = await at.call<{ plan: Plan }>('/gitvirt/v1/plan?ref=topic')
    assert.deepEqual(
      plan.changes.filter(({ action }) => action !== 'none').map(({ key, action }) => `${action} ${key}`),
      ['create VirtualMachine/default/new'],
    )
  })
})
