import type { NodeFacts, ObservedMachine, ObservedObject } from '../schemas/generated/observation.ts'
import { parseKey, type ObjectKey } from '../reconciler/lib/object-key.ts'
import type { Drivers, MachineFacts } from './drivers/types.ts'
import type { GuardPort } from './ports.ts'

/** Reads what is on this host, through the drivers. */
export type ObservationReader = {
  facts(): Promise<NodeFacts>
  /** Every object that carries our mark. Fails as a whole: half an answer would look like objects that are gone. */
  all(): Promise<readonly ObservedObject[]>
  /** The given objects; what is not there is missing in the answer. */
  some(keys: readonly ObjectKey[]): Promise<readonly ObservedObject[]>
}

export type ObservationOptions = {
  readonly drivers: Drivers
  readonly guard: Pick<GuardPort, 'view'>
  /** Of what a plan relies on, as schemas/wire/observation.json says. */
  readonly machineDigest: (machine: Omit<ObservedMachine, 'digest'>) => string
  /** Version of this program, for the facts. */
  readonly version: string
}

/** Joins the drivers' facts and the guard's view to what the reconciler gets to see. */
export function createObservationReader({ drivers, guard, machineDigest, version }: ObservationOptions): ObservationReader {
  const machineOf = (facts: MachineFacts): ObservedMachine => {
    const machine = { ...facts, ...guard.view(facts.key) }
    return { ...machine, digest: machineDigest(machine) }
  }
  const observe = async (keys?: (kind: ObservedObject['kind']) => readonly ObjectKey[]): Promise<readonly ObservedObject[]> => {
    const of = <T>(kind: ObservedObject['kind'], read: (keys?: readonly ObjectKey[]) => Promise<readonly T[]>): Promise<readonly T[]> => {
      const wanted = keys?.(kind)
      return wanted?.length === 0 ? Promise.resolve([]) : read(wanted)
    }
    const [machines, volumes, policies] = await Promise.all([
      of('VirtualMachine', (wanted) => drivers.machines.observe(wanted)),
      of('DataVolume', (wanted) => drivers.volumes.observe(wanted)),
      of('NodeNetworkConfigurationPolicy', (wanted) => drivers.networks.observe(wanted)),
    ])
    return [...policies, ...volumes, ...machines.map(machineOf)]
  }
  return {
    async facts() {
      const [machines, volumes, networks] = await Promise.all([drivers.machines.facts(), drivers.volumes.facts(), drivers.networks.facts()])
      return { ...machines, ...volumes, ...networks, versions: { ...machines.versions, gitvirt: version } }
    },
    all: () => observe(),
    some: (keys) => observe((kind) => keys.filter((key) => parseKey(key).kind === kind)),
  }
}
