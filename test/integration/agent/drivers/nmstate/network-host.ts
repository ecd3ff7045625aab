import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createNetworkDriver } from '../../../../../agent/drivers/nmstate/driver.ts'
import type { NetworkDriverOptions } from '../../../../../agent/drivers/nmstate/options.ts'
import { createJournal, type Journal } from '../../../../../agent/drivers/nmstate/transaction.ts'
import type { DriverContext, NetworkDriver } from '../../../../../agent/drivers/types.ts'
import { systemClock } from '../../../../../reconciler/lib/clock.ts'
import { run } from '../../../../../reconciler/lib/exec.ts'
import { silentLogger } from '../../../../../reconciler/lib/log.ts'
import type { ObservedPolicy } from '../../../../../schemas/generated/observation.ts'
import type { PolicySpec } from '../../../../../schemas/generated/plan.ts'

/** A network namespace that stands for a host, with eth1 whose far end p1 is outside of any policy. */
export type NetworkHost = {
  readonly name: string
  readonly changed: string[]
  readonly stateDir: string
  readonly context: DriverContext
  readonly prefix: readonly string[]
  ip(...args: readonly string[]): Promise<string>
  /** The JSON of ip(8). */
  links(): Promise<readonly { ifname: string; mtu: number; flags: readonly string[]; master?: string; ifindex: number }[]>
  driver(options?: NetworkDriverOptions): NetworkDriver
  /** Writes the journal as a crashed agent leaves it. */
  leaveTransaction(transaction: Parameters<Journal['begin']>[0]): Promise<void>
  close(): Promise<void>
}

/** Where nmstatectl is, or undefined: PATH first, then the folder that the set-up installs to. */
export function findNmstatectl(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(cache, 'gitvirt/nmstate/bin')]
  return folders.map((folder) => join(folder, 'nmstatectl')).find((path) => existsSync(path))
}

/** Why network tests cannot run here, or false. */
export function networkSkipReason(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to make network namespaces'
  return findNmstatectl() === undefined ? 'nmstatectl is not installed' : false
}

/** The options that tests share: no name server is asked, probes and retries are quick. */
export function quickOptions(): NetworkDriverOptions {
  return {
    ...(findNmstatectl() === undefined ? {} : { nmstatectlPath: findNmstatectl() ?? '' }),
    provider: 'kernel',
    probes: { timeout: 1_500, interval: 100, dnsName: false },
    retries: { count: 1, first: 50, most: 50 },
    stateAge: 0,
  }
}

export async function createNetworkHost(): Promise<NetworkHost> {
  const name = `gvt-${randomBytes(4).toString('hex')}`
  await run('ip', ['netns', 'add', name])
  return await hostBehind({
    name,
    prefix: ['ip', 'netns', 'exec', name],
    remove: async () => void (await run('ip', ['netns', 'del', name])),
  })
}

export type Behind = {
  readonly name: string
  readonly prefix: readonly string[]
  readonly remove: () => Promise<void>
  readonly nics?: readonly string[]
}

/** A host whose commands run behind a prefix; `remove` takes its interfaces away. */
export async function hostBehind({ name, prefix, remove, nics = ['eth1'] }: Behind): Promise<NetworkHost> {
  const folder = await mkdtemp(join(tmpdir(), 'gitvirt-network-'))
  const [stateDir, runDir] = [join(folder, 'state'), join(folder, 'run')]
  await mkdir(runDir)
  const [first, ...rest] = [...prefix, 'ip']
  const ip = async (...args: readonly string[]): Promise<string> => (await run(first, [...rest, ...args])).stdout
  const lines = nics.flatMap((nic) => [
    `link add ${nic} type veth peer name ${nic.replace('eth', 'p')}`,
    `link set ${nic.replace('eth', 'p')} up`,
  ])
  // One call for all: behind a prefix each costs a second.
  await run(first, [...rest, '-batch', '-'], { input: ['link set lo up', ...lines, ''].join('\n') })
  const changed: string[] = []
  const context = {
    node: name,
    stateDir,
    runDir,
    libvirtUri: '',
    clock: systemClock,
    log: silentLogger,
    changed: (key: string) => void changed.push(key),
  }
  const drivers: NetworkDriver[] = []
  return {
    name,
    changed,
    stateDir,
    context,
    prefix,
    ip,
    links: async () => JSON.parse(await ip('-j', 'addr', 'show')) as Awaited<ReturnType<NetworkHost['links']>>,
    driver: (options = {}) => {
      const driver = createNetworkDriver(context, { ...quickOptions(), prefix, ...options })
      drivers.push(driver)
      return driver
    },
    leaveTransaction: (transaction) => createJournal(join(stateDir, 'network')).begin(transaction),
    close: async () => {
      await Promise.all(drivers.map((driver) => driver.close()))
      await remove()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function policyOf(name: string, desiredState: Record<string, unknown>, more: Partial<PolicySpec> = {}): PolicySpec {
  return {
    key: `NodeNetworkConfigurationPolicy//${name}`,
    name,
    desiredState,
    origin: { path: 'network.yaml', line: 1, column: 1 },
    ...more,
  }
}

/** The type of the condition that is true. */
export function trueType(policy: ObservedPolicy): string | undefined {
  return policy.conditions.find((condition) => condition.status === 'True')?.type
}
