import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ObservedMachine } from '../../../schemas/generated/observation.ts'
import {
  changeOf,
  createMachine,
  createVolume,
  machineSpec,
  sealed,
  startHub,
  startTestAgent,
  stepOf,
  until,
  type Hub,
  type TestAgent,
  type TestAgentOptions,
} from './lab.ts'

let hub: Hub
let agents: TestAgent[] = []

beforeEach(async () => {
  hub = await startHub()
  agents = []
})
afterEach(async () => {
  for (const agent of agents) await agent.close()
  await hub.close()
})

async function start(options: Partial<TestAgentOptions> = {}): Promise<TestAgent> {
  const endpoint = await hub.endpoint(options.node ?? 'h1')
  const agent = await startTestAgent({ hub, endpoint: async () => endpoint, ...options })
  agents.push(agent)
  await until('the node is connected', () => hub.observed.view.node(options.node ?? 'h1')?.connected === true)
  return agent
}

const results = (): Record<string, string> =>
  Object.fromEntries(hub.answers.flatMap((answer) => answer.results.map(({ key, result, code }) => [key, code ?? result])))
const done = (count = 1) => until('the plan is done', () => hub.answers.filter(({ outcome }) => outcome === 'done').length >= count)
const volumePhase = (name: string): string | undefined => {
  const object = hub.observed.view.get(`DataVolume/default/${name}`)[0]?.object
  return object?.kind === 'DataVolume' ? object.phase : undefined
}
const machine = (name: string) => hub.observed.view.get(`VirtualMachine/default/${name}`)[0]?.object as ObservedMachine | undefined

describe('a plan over the session', () => {
  it('turns an empty host into a running machine, and the observation says so before the answer', async () => {
    const { world } = await start()
    assert.equal(hub.observed.view.node('h1')?.facts.versions['gitvirt'], '0.1.0')
    await hub.dispatcher.dispatch(sealed([createMachine('web')]), 'h1')
    await done()
    assert.equal(machine('web')?.state, 'running')
    assert.deepEqual(
      world.notes().filter((line) => line.startsWith('effect')),
      ['effect define VirtualMachine/default/web', 'effect start VirtualMachine/default/web'],
    )
    assert.deepEqual(
      hub.steps.map(({ step, state }) => `${step.split(':')[0]} ${state}`),
      ['DefineDomain started', 'DefineDomain done', 'StartDomain started', 'StartDomain done'],
    )
    assert.deepEqual(hub.dispatcher.flights(), [])
  })

  it('tells the guard of a restart before the guest is stopped', async () => {
    const order: string[] = []
    await start({
      guard: { restarting: async (key) => void order.push(`guard ${key}`) },
      around: (moment, verb, key) => void (moment === 'before' && verb === 'restart' && order.push(`driver ${key}`)),
    })
    await hub.dispatcher.dispatch(sealed([createMachine('web')]), 'h1')
    await done()
    const key = 'VirtualMachine/default/web'
    await hub.dispatcher.dispatch(sealed([changeOf(key, [stepOf('RestartDomain', key)], { base: machine('web')?.digest ?? '' })]), 'h1')
    await done(2)
    assert.deepEqual(order, [`guard ${key}`, `driver ${key}`])
  })

  it('is stale where the object moved since, and nothing is done', async () => {
    const { drivers, world } = await start()
    await drivers.machines.define(machineSpec('web'), { secrets: {}, configMaps: {} })
    const before = world.notes().length
    await hub.dispatcher.dispatch(sealed([createMachine('web')]), 'h1')
    await done()
    assert.deepEqual(results(), { 'VirtualMachine/default/web': 'Stale' })
    assert.equal(world.notes().length, before)
    await until('it is planned again', () => hub.replans.some(({ reason }) => reason === 'Stale'))
  })

  it('is refused where its seal is broken', async () => {
    const { world } = await start()
    const plan = { ...sealed([createMachine('web')]), revision: 'forged' }
    await hub.sessions.get('h1')?.send({ type: 'apply', plan, secrets: {}, configMaps: {} })
    await until('a refusal', () => hub.answers.some(({ outcome }) => outcome === 'refused'))
    assert.deepEqual(world.notes(), [])
  })

  it('is refused where it is for another node', async () => {
    await start()
    const plan = sealed([createMachine('web', { node: 'h2' })])
    await assert.rejects(hub.dispatcher.dispatch(plan, 'h1'), { code: 'WrongNode' })
    await hub.sessions.get('h1')?.send({ type: 'apply', plan, secrets: {}, configMaps: {} })
    await until('a refusal', () => hub.answers.some(({ outcome }) => outcome === 'refused'))
  })

  it('starts a machine only after its volume, while other machines go ahead', async () => {
    const gate = Promise.withResolvers<void>()
    const { world } = await start({ import: () => gate.promise })
    const web = createMachine('web', { after: ['DataVolume/default/disk'] })
    await hub.dispatcher.dispatch(sealed([web, createMachine('other'), createVolume('disk')]), 'h1')
    await until('the other one runs', () => machine('other')?.state === 'running')
    assert.equal(machine('web'), undefined)
    gate.resolve()
    await done()
    const effects = world.notes().filter((line) => line.startsWith('effect'))
    assert.ok(effects.indexOf('effect ensure DataVolume/default/disk') < effects.indexOf('effect define VirtualMachine/default/web'))
  })

  it('tells that a dependency failed, and why', async () => {
    await start({ import: () => Promise.reject(new Error('wrong checksum')) })
    await hub.dispatcher.dispatch(sealed([createMachine('web', { after: ['DataVolume/default/disk'] }), createVolume('disk')]), 'h1')
    await done()
    assert.equal(results()['VirtualMachine/default/web'], 'DependencyFailed')
  })

  it('goes on with the others when one change fails', async () => {
    await start({
      around: (moment, verb, key) => {
        if (moment === 'before' && verb === 'define' && key.endsWith('/bad')) throw new Error('no space left')
      },
    })
    await hub.dispatcher.dispatch(sealed([createMachine('bad'), createMachine('good')]), 'h1')
    await done()
    assert.deepEqual(results(), { 'VirtualMachine/default/bad': 'Internal', 'VirtualMachine/default/good': 'done' })
    assert.equal(machine('good')?.state, 'running')
    await until('the failed one is planned again', () =>
      hub.replans.some(({ reason, keys }) => reason === 'Retry' && keys[0]?.endsWith('/bad')),
    )
  })

  it('is not sent again while it is under way, nor right after it failed', async () => {
    const gate = Promise.withResolvers<void>()
    await start({ import: () => gate.promise })
    const plan = sealed([createVolume('disk')])
    assert.equal((await hub.dispatcher.dispatch(plan, 'h1')).length, 1)
    assert.equal((await hub.dispatcher.dispatch(plan, 'h1')).length, 0)
    await until('the import runs', () => hub.observed.view.get('DataVolume/default/disk').length === 1)
    gate.reject(new Error('gone'))
    await done()
    assert.equal((await hub.dispatcher.dispatch(plan, 'h1')).length, 0)
  })

  it('gives an import up when a newer plan wants the volume gone', async () => {
    let given = false
    const { world } = await start({
      import: (_key, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            given = true
            reject(signal.reason as Error)
          })
        }),
    })
    await hub.dispatcher.dispatch(sealed([createVolume('disk')]), 'h1')
    const key = 'DataVolume/default/disk'
    await until('the import runs', () => hub.observed.view.get(key).length === 1)
    const base = hub.observed.view.get(key)[0]?.object.digest ?? ''
    await hub.dispatcher.dispatch(sealed([changeOf(key, [stepOf('DeleteVolume', key)], { base, action: 'delete' })]), 'h1')
    await done(2)
    assert.ok(given)
    assert.ok(world.notes().includes(`effect remove ${key}`))
    await until('it is gone', () => hub.observed.view.get(key).length === 0)
  })

  it('sends the secrets that its steps refer to, no others, and writes none to the journal', async () => {
    const seen: unknown[] = []
    const { drivers } = await start()
    const define = drivers.machines.define.bind(drivers.machines)
    drivers.machines.define = async (spec, data) => {
      seen.push(data)
      await define(spec, data)
    }
    const spec = machineSpec('web', { inputs: { 'Secret/default/s1': 'd1', 'Secret/default/s2': 'd2' } })
    await hub.dispatcher.dispatch(sealed([changeOf(spec.key, [stepOf('DefineDomain', spec.key, { machine: spec })])]), 'h1')
    await done()
    assert.deepEqual(seen, [{ secrets: { 'Secret/default/s1': { user: 'YWRtaW4=' } }, configMaps: {} }])
    const journal = join(hub.dir, 'agents', 'h1', 'journal')
    for (const name of await readdir(journal)) assert.doesNotMatch(await readFile(join(journal, name), 'utf8'), /YWRtaW4=/)
  })

  it('is planned again when the connection is lost in the middle, after the next full observation', async () => {
    const gate = Promise.withResolvers<void>()
    await start({ import: () => gate.promise })
    await hub.dispatcher.dispatch(sealed([createVolume('disk')]), 'h1')
    await until('the import runs', () => hub.observed.view.get('DataVolume/default/disk').length === 1)
    hub.sessions.get('h1')?.close(4999, 'the test cuts the line')
    await until('it is planned again', () => hub.replans.some(({ reason }) => reason === 'Reconnected'))
    assert.equal(hub.observed.view.node('h1')?.connected, true)
    gate.resolve()
    await until('the import ends', () => volumePhase('disk') === 'Succeeded')
  })
})
