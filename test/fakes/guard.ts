import { digestOf } from '../../reconciler/lib/digest.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import type { GuardPort } from '../../agent/ports.ts'
import type { MachineDriver } from '../../agent/drivers/types.ts'
import type { ObservedMachine } from '../../schemas/generated/observation.ts'

/** A guard that only passes start and stop on. */
export function createFakeGuard(machines: MachineDriver): GuardPort & { readonly held: string[] } {
  const held: string[] = []
  return {
    held,
    view: () => ({}),
    hold(key) {
      held.push(key)
      return () => void held.splice(held.indexOf(key), 1)
    },
    restarting: async () => undefined,
    async command({ verb, key }) {
      if (verb === 'start') await machines.start(key)
      else if (verb === 'stop') await machines.stop(key, 0)
      else if (verb === 'guestosinfo') return await machines.guestInfo(key)
      else throw new GitvirtError({ code: 'Conflict', message: `The fake does not ${verb}.`, object: key })
      return {}
    },
  }
}

/** What schemas/wire/observation.json says of a machine's digest. */
export function fakeMachineDigest(machine: Omit<ObservedMachine, 'digest'>): string {
  return digestOf([machine.applied, machine.booted, machine.state, machine.drift])
}
