import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { startAgent } from '../../../agent/agent.ts'
import { writeIso } from '../../../agent/drivers/libvirt/apply/iso.ts'
import { mediumOf } from '../../../agent/drivers/libvirt/render/seed.ts'
import type { Drivers, InputData, MachineDriver } from '../../../agent/drivers/types.ts'
import { startGitServer } from '../../../lab/git-server.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import type { Logger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import type { Reconciler } from '../../../reconciler/reconciler-options.ts'
import type { MachineSpec } from '../../../schemas/generated/plan.ts'
import type { Volume } from '../../../schemas/generated/virtual-machine.ts'
import { atEnd } from '../../at-end.ts'
import { createFakeGuard, fakeMachineDigest } from '../../fakes/guard.ts'
import { createFakeMachineDriver } from '../../fakes/machine-driver.ts'
import { createFakeNetworkDriver } from '../../fakes/network-driver.ts'
import { createFakeVolumeDriver } from '../../fakes/volume-driver.ts'
import { createFakeWorld, type FakeWorld } from '../../fakes/world.ts'
import { startCommand, type Ended } from '../cli/command.ts'
import { Fixture } from '../reconciler/source/fixture.ts'

/** A repository, a reconciler with keys, and one host whose guests are fakes with real seeds. */
export type Story = {
  readonly fixture: Fixture
  readonly world: FakeWorld
  /** Everything that both halves leave on disks, but the seeds. */
  readonly left: string
  /** Seeds of guests, as the host must have them. */
  readonly seeds: string
  readonly keys: string
  /** What came with each plan, as the drivers got it. */
  readonly received: InputData[]
  gitvirt(...args: string[]): Promise<Ended>
  /** Ends the reconciler and starts it again on the same state. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function startStory(t: TestContext): Promise<Story> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.git('config', 'receive.denyCurrentBranch', 'ignore')
  const [left, seeds, keys] = ['left', 'seeds', 'keys'].map((name) => join(fixture.dir, name)) as [string, string, string]
  for (const folder of [left, seeds, keys]) mkdirSync(folder, { mode: 0o700 })
  const git = await startGitServer({ root: fixture.root, push: true })
  atEnd(t, async () => await git.close())
  const logFile = createWriteStream(join(left, 'log'))
  const log: Logger = pino({ level: 'trace' }, logFile)
  const start = async (port: number): Promise<Reconciler> =>
    await startReconciler({
      stateDir: join(left, 'reconciler'),
      source: { url: `${git.url}/fleet.git`, ref: 'main' },
      listen: { host: '127.0.0.1', port: 0 },
      agents: { host: '127.0.0.1', port },
      serverNames: [],
      pollMs: 50,
      oneHost: true,
      notes: true,
      environment: 'prod',
      keys: { ageKeys: [keys] },
      clock: systemClock,
      log,
    })
  let reconciler = await start(0)
  const received: InputData[] = []
  const started = await startHostAgent({ reconciler, left, seeds, received, log })
  const environment = (): Record<string, string> => ({
    GITVIRT_KUBECONFIG: reconciler.kubeconfig,
    NODE_COMPILE_CACHE: join(fixture.dir, 'compile'),
  })
  const stop = async (): Promise<void> => {
    await started.agent.close()
    await reconciler.close()
    logFile.end()
    await finished(logFile)
  }
  let stopped: Promise<void> | undefined
  const close = async (): Promise<void> => await (stopped ??= stop())
  atEnd(t, close)
  return {
    fixture,
    world: started.world,
    left,
    seeds,
    keys,
    received,
    gitvirt: async (...args) => await startCommand(t, args, environment()).ended,
    restart: async () => {
      const { port } = new URL(reconciler.agentsUrl)
      await reconciler.close()
      reconciler = await start(Number(port))
    },
    close,
  }
}

type HostOptions = {
  readonly reconciler: Reconciler
  readonly left: string
  readonly seeds: string
  readonly received: InputData[]
  readonly log: Logger
}

async function startHostAgent({ reconciler, left, seeds, received, log }: HostOptions) {
  let changed: (key: string) => void = () => undefined
  const world = createFakeWorld({ changed: (key) => changed(key), path: join(left, 'host') })
  writeFileSync(join(left, 'host.notes'), '')
  const machines = withSeeds(createFakeMachineDriver(world), seeds, received)
  const volumes = createFakeVolumeDriver(world)
  const ensure: typeof volumes.ensure = async (volume, data, signal) => {
    received.push(data)
    await volumes.ensure(volume, data, signal)
  }
  const drivers: Drivers = { machines, volumes: { ...volumes, ensure }, networks: createFakeNetworkDriver(world) }
  const agent = await startAgent({
    node: 'kvm1',
    version: '0.1.0',
    stateDir: join(left, 'agent'),
    runDir: join(left, 'run'),
    libvirtUri: 'test:///default',
    reconciler: { url: reconciler.agentsUrl, joinToken: await reconciler.createJoinToken('kvm1') },
    parts: {
      drivers: (context) => {
        changed = (key) => context.changed(key)
        return drivers
      },
      guard: (_context, { machines: driven }) => ({
        ...createFakeGuard(driven),
        prepare: async () => undefined,
        changed: () => undefined,
        close: async () => undefined,
      }),
      machineDigest: fakeMachineDigest,
    },
    log,
    times: { firstRetryMs: 20, mostRetryMs: 100 },
  })
  return { agent, world }
}

/** A machine driver that makes each guest's seed as the real one does. */
function withSeeds(machines: MachineDriver, seeds: string, received: InputData[]): MachineDriver {
  const define = async (machine: MachineSpec, data: InputData): Promise<void> => {
    received.push(data)
    const { volumes = [] } = (machine.template as { spec: { volumes?: Volume[] } }).spec
    for (const volume of volumes) {
      const medium = mediumOf(machine, volume, data)
      if (medium === undefined) continue
      await mkdir(join(seeds, machine.name), { recursive: true, mode: 0o700 })
      await writeIso(medium, join(seeds, machine.name, `${volume.name}.iso`))
    }
    await machines.define(machine, data)
  }
  return Object.assign(Object.create(machines) as MachineDriver, { define })
}
