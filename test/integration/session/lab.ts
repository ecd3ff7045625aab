import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { assembleAgent, type Assembly, type AssemblyOptions } from '../../../agent/assemble.ts'
import type { Drivers } from '../../../agent/drivers/types.ts'
import type { GuardPort } from '../../../agent/ports.ts'
import type { Endpoint } from '../../../agent/session/connect.ts'
import { createDispatcher, type Dispatcher, type ReplanReason } from '../../../reconciler/dispatch/dispatcher.ts'
import { listenForAgents, type AgentServer } from '../../../reconciler/dispatch/server.ts'
import { createSessions, type Sessions, type SessionsOptions } from '../../../reconciler/dispatch/sessions.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { agentOrganization, openPki, type Pki } from '../../../reconciler/lib/pki.ts'
import { planSeal } from '../../../reconciler/lib/seal.ts'
import { createObserved, type Observed } from '../../../reconciler/observed/cache.ts'
import type { Change, MachineSpec, Plan, Step, VolumeSpec } from '../../../schemas/generated/plan.ts'
import type { PlanAnswer, StepReport } from '../../../schemas/generated/session.ts'
import { createFakeGuard, fakeMachineDigest } from '../../fakes/guard.ts'
import { createFakeMachineDriver } from '../../fakes/machine-driver.ts'
import { createFakeNetworkDriver } from '../../fakes/network-driver.ts'
import { createFakeVolumeDriver, type FakeVolumeOptions } from '../../fakes/volume-driver.ts'
import { createFakeWorld, type FakeWorld, type FakeWorldOptions } from '../../fakes/world.ts'

export type Hub = {
  readonly dir: string
  readonly pki: Pki
  readonly sessions: Sessions
  readonly observed: Observed
  readonly dispatcher: Dispatcher
  readonly server: AgentServer
  readonly answers: PlanAnswer[]
  readonly steps: StepReport[]
  readonly replans: { readonly keys: readonly string[]; readonly reason: ReplanReason }[]
  endpoint(node: string): Promise<Endpoint>
  close(): Promise<void>
}

/** The reconciler's half over real TLS sockets on loopback. */
export async function startHub(options: { readonly times?: SessionsOptions['times']; readonly dir?: string } = {}): Promise<Hub> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'gitvirt-session-')))
  const log = silentLogger
  const pki = await openPki({ dir: join(dir, 'pki'), clock: systemClock })
  const observed = createObserved({ log, clock: systemClock })
  const sessions = createSessions({ observations: observed, pki, log, times: { probeMs: 300, ...options.times } })
  const answers: PlanAnswer[] = []
  const steps: StepReport[] = []
  const replans: Hub['replans'] = []
  const dispatcher = createDispatcher({
    sessions,
    log,
    clock: systemClock,
    inputs: (key) => (key === 'Secret/default/s1' ? { user: 'YWRtaW4=' } : undefined),
    locate: (key) => observed.view.get(key)[0]?.node,
    replan: (keys, reason) => replans.push({ keys, reason }),
    answered: (_node, answer) => answers.push(answer),
    stepped: (_node, report) => steps.push(report),
  })
  const server = await listenForAgents({ pki, sessions, log, port: 0 })
  return {
    dir,
    pki,
    sessions,
    observed,
    dispatcher,
    server,
    answers,
    steps,
    replans,
    endpoint: async (node) => {
      const keyed = await pki.issueClientCertificate({ commonName: node, organization: agentOrganization })
      return { url: server.url, ca: pki.ca, ...keyed }
    },
    async close() {
      dispatcher.close()
      await server.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export type TestAgent = { readonly agent: Assembly; readonly world: FakeWorld; readonly drivers: Drivers; close(): Promise<void> }

export type TestAgentOptions = {
  readonly hub: Pick<Hub, 'dir'>
  readonly endpoint: AssemblyOptions['endpoint']
  readonly node?: string
  readonly around?: FakeWorldOptions['around']
  readonly path?: string
  readonly import?: FakeVolumeOptions['import']
  readonly openStream?: () => Duplex
  readonly guard?: Partial<GuardPort>
  readonly times?: AssemblyOptions['times']
}

/** An agent with fake drivers, dialling the hub. */
export async function startTestAgent(options: TestAgentOptions): Promise<TestAgent> {
  const started = Promise.withResolvers<Assembly>()
  const world = createFakeWorld({
    changed: (key) => void started.promise.then((agent) => agent.changed(key)),
    ...(options.around === undefined ? {} : { around: options.around }),
    ...(options.path === undefined ? {} : { path: options.path }),
  })
  const drivers: Drivers = {
    machines: createFakeMachineDriver(world, options.openStream),
    volumes: createFakeVolumeDriver(world, options.import === undefined ? {} : { import: options.import }),
    networks: createFakeNetworkDriver(world),
  }
  const node = options.node ?? 'h1'
  const agent = await assembleAgent({
    node,
    version: '0.1.0',
    stateDir: join(options.hub.dir, 'agents', node),
    endpoint: options.endpoint,
    drivers,
    guard: { ...createFakeGuard(drivers.machines), ...options.guard },
    machineDigest: fakeMachineDigest,
    log: silentLogger,
    times: { firstRetryMs: 20, mostRetryMs: 100, ...options.times },
    dependencies: { pollMs: 200, missingMs: 300 },
  })
  started.resolve(agent)
  return { agent, world, drivers, close: () => agent.close() }
}

/** Waits until a condition holds; fails with its name after some seconds. */
export async function until(what: string, condition: () => boolean, seconds = 15): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`It never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const origin = { path: 'vm.yaml', line: 1, column: 1 }

export function machineSpec(name: string, fields: Partial<MachineSpec> = {}): MachineSpec {
  return {
    key: `VirtualMachine/default/${name}`,
    namespace: 'default',
    name,
    uid: `00000000-0000-5000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(0, 12)}`,
    labels: {},
    annotations: {},
    runStrategy: 'Always',
    template: { spec: { domain: { devices: {} } } },
    inputs: {},
    origin,
    ...fields,
  }
}

export function volumeSpec(name: string): VolumeSpec {
  return {
    key: `DataVolume/default/${name}`,
    namespace: 'default',
    name,
    spec: { source: { blank: {} }, pvc: { resources: { requests: { storage: '1Gi' } } } },
    sizeBytes: 2 ** 30,
    pool: { name: 'local', type: 'dir', path: '', format: 'raw' },
    annotations: {},
    origin,
  }
}

export function stepOf(verb: Step['verb'], key: string, fields: Partial<Step> = {}): Step {
  const phase = verb.includes('Volume') ? 'storage' : verb.includes('Policy') ? 'network' : 'compute'
  return { id: `${verb}:${key}`, verb, key, phase, disruption: 'none', ...fields }
}

export function changeOf(key: string, steps: Step[], fields: Partial<Change> = {}): Change {
  return {
    key,
    node: 'h1',
    action: 'create',
    disruption: 'none',
    fields: [],
    steps,
    base: 'absent',
    blocked: [],
    notes: [],
    after: [],
    ...fields,
  }
}

export function createMachine(name: string, fields: Partial<Change> = {}): Change {
  const machine = machineSpec(name)
  return changeOf(machine.key, [stepOf('DefineDomain', machine.key, { machine }), stepOf('StartDomain', machine.key, { machine })], fields)
}

export function createVolume(name: string, fields: Partial<Change> = {}): Change {
  const volume = volumeSpec(name)
  return changeOf(volume.key, [stepOf('EnsureVolume', volume.key, { volume })], fields)
}

export function sealed(changes: Change[], fields: Partial<Plan> = {}): Plan {
  const plan: Plan = {
    id: '',
    revision: 'abc',
    policyDigest: 'def',
    createdAt: '2026-01-01T00:00:00Z',
    changes,
    findings: [],
    summary: { create: changes.length, update: 0, replace: 0, delete: 0, blocked: 0, disruption: 'none' },
    ...fields,
  }
  return { ...plan, id: planSeal(plan) }
}
