import { PassThrough, type Duplex } from 'node:stream'
import type { MachineDriver, MachineFacts } from '../../agent/drivers/types.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../reconciler/lib/object-key.ts'
import type { MachineSpec } from '../../schemas/generated/plan.ts'
import type { FakeWorld } from './world.ts'

export type FakeMachine = { applied: MachineSpec; booted?: MachineSpec; state: 'running' | 'paused' | 'off'; boots: number }

/** A machine driver without machines. Passes test/contract/machine-driver.ts. */
export function createFakeMachineDriver(world: FakeWorld, openStream: () => Duplex = () => new PassThrough()): MachineDriver {
  const { machines } = world.state
  const known = (key: ObjectKey): FakeMachine => {
    const machine = machines[key]
    if (machine === undefined) throw new GitvirtError({ code: 'NotFound', message: 'No such machine.', object: key })
    return machine
  }
  const act = (verb: string, key: ObjectKey, work: () => boolean): Promise<void> => world.act(verb, key, work)
  const boot = (machine: FakeMachine): void => {
    machine.state = 'running'
    machine.booted = machine.applied
    machine.boots += 1
  }
  return {
    prepare: async () => undefined,
    facts: async () => ({
      hostname: 'fake',
      architecture: 'x86_64',
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
      accelerator: 'tcg',
      versions: { libvirt: '9.0.0' },
    }),
    observe: async (keys) =>
      Object.entries(machines)
        .filter(([key]) => keys === undefined || keys.includes(key))
        .map(([key, machine]) => factsOf(key, machine)),
    define: (spec) =>
      act('define', spec.key, () => {
        const before = machines[spec.key]
        machines[spec.key] = { state: 'off', boots: 0, ...before, applied: spec }
        return JSON.stringify(before?.applied) !== JSON.stringify(spec)
      }),
    hotplug: (spec) =>
      act('hotplug', spec.key, () => {
        const machine = known(spec.key)
        if (machine.state !== 'off') machine.booted = spec
        return true
      }),
    start: (key) =>
      act('start', key, () => {
        const machine = known(key)
        if (machine.state !== 'off') return false
        boot(machine)
        return true
      }),
    stop: (key) =>
      act('stop', key, () => {
        const machine = known(key)
        const was = machine.state
        machine.state = 'off'
        delete machine.booted
        return was !== 'off'
      }),
    restart: (key) =>
      act('restart', key, () => {
        boot(known(key))
        return true
      }),
    pause: (key) => act('pause', key, () => ((known(key).state = 'paused'), true)),
    unpause: (key) => act('unpause', key, () => ((known(key).state = 'running'), true)),
    reset: (key) => act('reset', key, () => known(key).state === 'running'),
    softReboot: (key) => act('softReboot', key, () => known(key).state === 'running'),
    guestInfo: async (key) => ({ hostname: known(key).applied.name }),
    undefine: (key) =>
      act('undefine', key, () => {
        const was = machines[key] !== undefined
        delete machines[key]
        return was
      }),
    openConsole: async (key) => {
      if (known(key).state === 'off') throw new GitvirtError({ code: 'NotRunning', message: 'The machine is off.', object: key })
      return openStream()
    },
    openVnc: async (key) => {
      known(key)
      return openStream()
    },
    close: async () => undefined,
  }
}

function factsOf(key: ObjectKey, machine: FakeMachine): MachineFacts {
  return {
    kind: 'VirtualMachine',
    key,
    uid: machine.applied.uid,
    state: machine.state,
    applied: machine.applied,
    ...(machine.booted === undefined ? {} : { booted: machine.booted }),
    drift: [],
    interfaces: [],
    volumes: [],
  }
}
