import assert from 'node:assert/strict'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { assembleAgent } from '../../../agent/assemble.ts'
import type { Drivers, MachineDriver } from '../../../agent/drivers/types.ts'
import { machineDigest } from '../../../agent/guard/digest.ts'
import { createGuard } from '../../../agent/guard/guard.ts'
import { createLeaseKeeper, type LeaseKeeper } from '../../../reconciler/lease-keeper.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { openStore, type Store } from '../../../reconciler/store/store.ts'
import type { ObservedMachine } from '../../../schemas/generated/observation.ts'
import { createFakeMachineDriver } from '../../fakes/machine-driver.ts'
import { createFakeNetworkDriver } from '../../fakes/network-driver.ts'
import { createFakeVolumeDriver } from '../../fakes/volume-driver.ts'
import { createFakeWorld } from '../../fakes/world.ts'
import { changeOf, createMachine, machineSpec, sealed, startHub, stepOf, until, type Hub } from './lab.ts'

const key = 'VirtualMachine/default/web'
const request = { key, by: 'operator', reason: 'incident', for: '1h', ending: 'revert' } as const

type Host = { readonly drivers: Drivers; readonly settled: () => Promise<void>; close(): Promise<void> }

/** An agent with the real guard over drivers that keep their host in a file. */
async function startHost(hub: Hub): Promise<Host> {
  const endpoint = await hub.endpoint('h1')
  const listeners: ((changed: string) => void)[] = []
  const changed = (one: string): void => listeners.forEach((listener) => listener(one))
  const world = createFakeWorld({ changed, path: join(hub.dir, 'world.json') })
  const fake = createFakeMachineDriver(world)
  const machines = Object.create(fake) as MachineDriver
  // All that ends a guest on this host is virsh destroy.
  machines.observe = async (keys) =>
    (await fake.observe(keys)).map((one) => (one.state === 'off' ? { ...one, stateReason: 'destroyed' } : one))
  const drivers = { machines, volumes: createFakeVolumeDriver(world), networks: createFakeNetworkDriver(world) }
  const stateDir = join(hub.dir, 'agent')
  const guard = createGuard({ context: { stateDir, clock: systemClock, log: silentLogger, changed }, machines })
  listeners.push((one) => guard.changed(one))
  await guard.prepare()
  const agent = await assembleAgent({
    node: 'h1',
    version: '0.1.0',
    stateDir,
    endpoint: async () => endpoint,
    drivers,
    guard,
    machineDigest,
    log: silentLogger,
    times: { firstRetryMs: 20, mostRetryMs: 100 },
  })
  listeners.push((one) => agent.changed(one))
  return {
    drivers,
    settled: async () => await guard.settled(),
    async close() {
      await agent.close()
      await guard.close()
    },
  }
}

describe('a lease over the session', () => {
  let hub: Hub
  let host: Host
  let store: Store
  let leases: LeaseKeeper

  const machine = (): ObservedMachine | undefined => hub.observed.view.get(key)[0]?.object as ObservedMachine | undefined
  const openLeases = (): LeaseKeeper => {
    const keeper = createLeaseKeeper({
      records: store.leases,
      desired: () => undefined,
      observed: hub.observed.view,
      policy: () => ({ allowed: true, longestMilliseconds: 86_400_000, keptMilliseconds: 86_400_000 }),
      send: async ({ id, by, seconds }) =>
        await hub.dispatcher.command(
          seconds === undefined ? { verb: 'end-lease', key, by, lease: { id } } : { verb: 'lease', key, by, lease: { id, seconds } },
        ),
      adopt: async () => undefined,
      record: () => undefined,
      transaction: (work) => work(),
      decided: () => undefined,
      again: () => undefined,
      clock: systemClock,
      log: silentLogger,
    })
    hub.observed.watch(() => keeper.watch())
    return keeper
  }

  beforeEach(async () => {
    hub = await startHub()
    store = openStore(join(hub.dir, 'store'))
    host = await startHost(hub)
    await until('the node is connected', () => hub.observed.view.node('h1')?.connected === true)
    await hub.dispatcher.dispatch(sealed([createMachine('web')]), 'h1')
    await until('the guest runs', () => machine()?.state === 'running')
    leases = openLeases()
  })
  afterEach(async () => {
    leases.close()
    await host.close()
    store.close()
    await hub.close()
  })

  it('is kept by the host and told back, and a plan from before it is refused', async () => {
    await until('the plan is done', () => hub.answers.some(({ outcome }) => outcome === 'done'))
    const base = machine()?.digest ?? ''
    const { id } = await leases.begin(request)
    assert.equal(machine()?.lease?.id, id)
    const step = stepOf('DefineDomain', key, { machine: machineSpec('web', { labels: { from: 'before' } }) })
    hub.answers.length = 0
    await hub.dispatcher.dispatch(sealed([changeOf(key, [step], { action: 'update', base })]), 'h1')
    await until('the answer', () => hub.answers.some(({ outcome }) => outcome === 'done'))
    assert.deepEqual(
      hub.answers.at(-1)?.results.map(({ result, code }) => [result, code]),
      [['stale', 'Stale']],
    )
  })

  it('lets a guest that was stopped by hand stay off without the reconciler and over a restart of the agent; its end starts the guest', async () => {
    await leases.begin(request)
    await hub.server.close()
    await host.drivers.machines.stop(key, 0)
    await host.settled()
    await host.close()
    const before = hub
    hub = await startHub({ dir: before.dir })
    host = await startHost(hub)
    await until('the guest is told as off', () => machine()?.state === 'off')
    leases.close()
    leases = openLeases()
    await host.settled()
    assert.deepEqual([machine()?.state, machine()?.lease?.by], ['off', 'operator'])
    await leases.end({ key, by: 'other' })
    await until('the guest runs', () => machine()?.state === 'running')
    await until('the host has ended the lease', () => machine()?.lease === undefined)
    await until('the record is gone', () => store.leases.list().length === 0)
  })

  it('is given again to a host that has lost its memory of it', async () => {
    const { id } = await leases.begin(request)
    // What a restored backup of the host would do: the lease is not there any more.
    await hub.dispatcher.command({ verb: 'end-lease', key, lease: { id } })
    await until('the host has it again', () => machine()?.lease?.id === id)
  })
})
