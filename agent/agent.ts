import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '../reconciler/lib/clock.ts'
import type { Logger } from '../reconciler/lib/log.ts'
import type { ObjectKey } from '../reconciler/lib/object-key.ts'
import { lockForProcess } from '../reconciler/lib/process-lock.ts'
import { assembleAgent, type AssemblyOptions } from './assemble.ts'
import type { DriverContext, Drivers } from './drivers/types.ts'
import { restoreNetworks } from './guard/networks.ts'
import { realParts, type AgentParts } from './parts.ts'
import type { Endpoint } from './session/connect.ts'
import { credentials, type JoinToken } from './session/credentials.ts'
import { reconcilerReachable } from './session/reachable.ts'
import { createSweeper } from './sweeper.ts'

export type AgentOptions = {
  readonly node: string
  readonly version: string
  /** Absolute folder that survives reboots; made with mode 0700. */
  readonly stateDir: string
  /** Absolute folder that is empty after a reboot. */
  readonly runDir: string
  readonly libvirtUri: string
  /** The nmstatectl program; default: the one on the PATH. */
  readonly nmstatectlPath?: string
  /** Milliseconds for which a network change may cut the host off before it is rolled back; default 2 minutes. */
  readonly probeTimeout?: number
  /** A certificate from elsewhere, or the address alone: then the agent keeps its own, by the token where it needs a new one. */
  readonly reconciler: Endpoint | { readonly url: string; readonly joinToken?: JoinToken }
  /** Default: the real drivers and the real guard. */
  readonly parts?: AgentParts
  readonly log: Logger
  readonly clock?: Clock
  readonly times?: AssemblyOptions['times']
  readonly limit?: AssemblyOptions['limit']
}

export type Agent = { close(): Promise<void> }

/**
 * Starts an agent: lock, drivers, guard, session, in this order, so that guests are looked after
 * before, and whether or not, a reconciler answers.
 * @throws GitvirtError `AgentRunning`, or what a driver's prepare() says
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  await using undo = new AsyncDisposableStack()
  const { log, clock = systemClock, parts = realParts, node } = options
  const unlock = lockForProcess({
    path: join(options.stateDir, 'agent.lock'),
    code: 'AgentRunning',
    what: `The agent's state folder ${options.stateDir}`,
  })
  undo.defer(unlock)
  await mkdir(options.runDir, { recursive: true, mode: 0o700 })

  // Objects may change before anybody is there to hear it; the first observation is a full one anyway.
  const listeners: ((key: ObjectKey) => void)[] = []
  const changed = (key: ObjectKey): void => listeners.forEach((listener) => listener(key))
  const { stateDir, runDir, libvirtUri } = options
  const context: DriverContext = { node, stateDir, runDir, libvirtUri, clock, log, changed }
  const reachable = (): Promise<void> => reconcilerReachable(options.reconciler.url)
  const { nmstatectlPath, probeTimeout } = options
  const drivers = parts.drivers(context, {
    reachable,
    ...(nmstatectlPath === undefined ? {} : { nmstatectlPath }),
    ...(probeTimeout === undefined ? {} : { probeTimeout }),
  })
  undo.defer(() => closeDrivers(drivers))
  await Promise.all([drivers.networks.prepare(), drivers.volumes.prepare(), drivers.machines.prepare()])

  const stopping = new AbortController()
  undo.defer(() => stopping.abort())
  await restoreNetworks(drivers.networks, { stateDir, log, signal: stopping.signal })

  const guard = parts.guard(context, drivers)
  undo.defer(() => guard.close())
  listeners.push((key) => guard.changed(key))
  await guard.prepare()

  const assembly = await assembleAgent({
    node,
    version: options.version,
    stateDir,
    endpoint: endpointOf(options, clock),
    drivers,
    guard,
    machineDigest: parts.machineDigest,
    log,
    clock,
    ...(options.times === undefined ? {} : { times: options.times }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  })
  undo.defer(() => assembly.close())
  listeners.push((key) => assembly.changed(key))

  const sweeper = createSweeper({ volumes: drivers.volumes, clock, log })
  undo.defer(() => sweeper.close())
  listeners.push((key) => sweeper.changed(key))
  const running = undo.move()
  return { close: () => running.disposeAsync() }
}

function endpointOf({ reconciler, node, stateDir, log }: AgentOptions, clock: Clock): AssemblyOptions['endpoint'] {
  if ('cert' in reconciler) return async () => reconciler
  return (refusal) => credentials({ ...reconciler, node, stateDir, clock, log }, refusal)
}

async function closeDrivers(drivers: Drivers): Promise<void> {
  await Promise.all([drivers.networks.close(), drivers.volumes.close(), drivers.machines.close()])
}
