import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { ObservedMachine } from '../schemas/generated/observation.ts'
import type { StreamOpen } from '../schemas/generated/session.ts'
import { systemClock, type Clock } from '../reconciler/lib/clock.ts'
import type { Logger } from '../reconciler/lib/log.ts'
import type { ObjectKey } from '../reconciler/lib/object-key.ts'
import type { Drivers, MachineDriver } from './drivers/types.ts'
import { createObservationReader } from './observation.ts'
import type { GuardPort } from './ports.ts'
import { createReporter, type ReporterOptions } from './reporter.ts'
import { openJournal } from './runner/journal.ts'
import { createRunner, type RunnerOptions } from './runner/runner.ts'
import { keepSession, type SessionOptions } from './session/session.ts'

export type AssemblyOptions = {
  readonly node: string
  readonly version: string
  readonly stateDir: string
  readonly endpoint: SessionOptions['endpoint']
  readonly drivers: Drivers
  readonly guard: GuardPort
  readonly machineDigest: (machine: Omit<ObservedMachine, 'digest'>) => string
  readonly log: Logger
  readonly clock?: Clock
  readonly times?: SessionOptions['times'] & Pick<ReporterOptions, 'gatherMs' | 'fullMs'>
  readonly limit?: RunnerOptions['limit']
  readonly dependencies?: RunnerOptions['dependencies']
}

/** A working agent whose drivers and guard are prepared already. */
export type Assembly = {
  /** Wire this to the drivers' `changed`. */
  changed(key: ObjectKey): void
  /** Ends session and runner; drivers and guard stay the caller's. */
  close(): Promise<void>
}

/** Joins session, reporter and runner over the given drivers and guard. */
export async function assembleAgent(options: AssemblyOptions): Promise<Assembly> {
  const { node, drivers, guard, log, clock = systemClock } = options
  const reader = createObservationReader({ drivers, guard, machineDigest: options.machineDigest, version: options.version })
  const reporter = createReporter({ ...options.times, node, reader, clock, log })
  const runner = createRunner({
    node,
    drivers: { ...drivers, machines: rememberRestarts(drivers.machines, guard) },
    clock,
    log,
    journal: await openJournal(join(options.stateDir, 'journal')),
    observe: async (key) => (await reader.some([key])).find((object) => object.key === key),
    report: (keys) => reporter.report(keys),
    send: (message) => session.send(message),
    hold: (key) => guard.hold(key),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.dependencies === undefined ? {} : { dependencies: options.dependencies }),
  })
  const session = keepSession({
    node,
    version: options.version,
    endpoint: options.endpoint,
    log,
    ...(options.times === undefined ? {} : { times: options.times }),
    handlers: {
      connected: (send, signal) => void reporter.run(send, signal),
      apply: (message) => runner.apply(message),
      async command(command) {
        const result = await guard.command(command)
        // The person who asked looks next: what they see should be the outcome.
        await reporter.report([command.key])
        return result
      },
      openStream: (target) => openHostStream(drivers, target),
    },
  })
  return {
    changed(key) {
      reporter.changed(key)
      runner.changed(key)
    },
    async close() {
      await runner.close()
      await session.close()
    },
  }
}

/** The driver as plans use it: the guard knows of a restart before its stop. */
function rememberRestarts(machines: MachineDriver, guard: Pick<GuardPort, 'restarting'>): MachineDriver {
  // All else stays the driver's own.
  const remembering = Object.create(machines) as MachineDriver
  remembering.restart = async (key, graceSeconds) => {
    await guard.restarting(key)
    await machines.restart(key, graceSeconds)
  }
  return remembering
}

async function openHostStream(drivers: Drivers, { key, target }: StreamOpen): Promise<Duplex> {
  return await (target === 'console' ? drivers.machines.openConsole(key) : drivers.machines.openVnc(key))
}
