import type { ObservedMachine } from '../schemas/generated/observation.ts'
import { createMachineDriver } from './drivers/libvirt/driver.ts'
import { createNetworkDriver } from './drivers/nmstate/driver.ts'
import { createVolumeDriver } from './drivers/storage/driver.ts'
import type { DriverContext, Drivers } from './drivers/types.ts'
import { machineDigest } from './guard/digest.ts'
import { createGuard, type Guard } from './guard/guard.ts'

export type DriverOptions = {
  /** Resolves while the reconciler can be reached: a network change that ends that is rolled back. */
  readonly reachable: () => Promise<void>
  /** The nmstatectl program; default: the one on the PATH. */
  readonly nmstatectlPath?: string
  /** Milliseconds after which a network change whose probes do not pass is rolled back. */
  readonly probeTimeout?: number
}

/** What an agent is made of. */
export type AgentParts = {
  readonly drivers: (context: DriverContext, options: DriverOptions) => Drivers
  readonly guard: (
    context: DriverContext,
    drivers: Drivers,
  ) => Pick<Guard, 'view' | 'command' | 'hold' | 'restarting' | 'prepare' | 'changed' | 'close'>
  /** Of what a plan relies on, as schemas/wire/observation.json says. */
  readonly machineDigest: (machine: Omit<ObservedMachine, 'digest'>) => string
}

/** libvirt, nmstate, and volumes in libvirt pools, with the guard over them. */
export const realParts: AgentParts = {
  drivers: (context, { reachable, nmstatectlPath, probeTimeout }) => {
    const volumes = createVolumeDriver(context)
    const networks = createNetworkDriver(context, {
      probes: { reconcilerReachable: reachable, ...(probeTimeout === undefined ? {} : { timeout: probeTimeout }) },
      ...(nmstatectlPath === undefined ? {} : { nmstatectlPath }),
    })
    return { volumes, machines: createMachineDriver(context, volumes), networks }
  },
  guard: (context, { machines }) => createGuard({ context, machines }),
  machineDigest,
}
