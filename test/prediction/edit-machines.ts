import { changed, withMachine, type Chooser, type Edited } from './choose.ts'
import type { FleetModel, ModelMachine, ModelVolume } from './fleet-model.ts'
import { machineOptions } from './options.ts'

export function setMachineOption(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  const next =
    machine === undefined
      ? undefined
      : changed({ options: machine.options, candidates: machineOptions, others: model.machines.map(({ options }) => options) }, choose)
  if (machine === undefined || next === undefined) return undefined
  return { model: withMachine(model, { ...machine, options: next.options }), what: `${machine.name}: ${next.what}` }
}

export function setMemory(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  if (machine === undefined) return undefined
  const sizes = machine.boots ? ['128Mi', '131072Ki', '144Mi'] : ['64Mi', '65536Ki', '80Mi']
  const memory = choose.of(sizes.filter((size) => size !== machine.memory)) ?? machine.memory
  return { model: withMachine(model, { ...machine, memory }), what: `${machine.name}: memory ${memory}` }
}

export function setRunStrategy(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  if (machine === undefined) return undefined
  const runStrategy = machine.runStrategy === 'Always' ? 'Halted' : 'Always'
  return { model: withMachine(model, { ...machine, runStrategy }), what: `${machine.name}: ${runStrategy}` }
}

export function moveFile(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  if (machine === undefined) return undefined
  const file = `moved/${machine.name}-${choose.number(1000)}.yaml`
  return { model: withMachine(model, { ...machine, file }), what: `${machine.name}: file ${file}` }
}

export function deleteMachine(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ boots }) => !boots))
  if (machine === undefined || model.machines.length < 3) return undefined
  const disksToo = choose.number(2) === 0
  const used = new Set(machine.disks.flatMap(({ source }) => ('volume' in source ? [source.volume] : [])))
  return {
    model: {
      ...model,
      machines: model.machines.filter((one) => one !== machine),
      volumes: model.volumes.filter(({ name, owner }) => owner !== machine.name && !(disksToo && used.has(name))),
    },
    what: `delete ${machine.name}${disksToo ? ' with its disks' : ''}`,
  }
}

/** A new machine, or one that was there before: its disk may be in quarantine. */
export function addMachine(model: FleetModel, choose: Chooser): Edited {
  const names = ['beta', 'gamma', 'delta', 'omega'].filter((name) => model.machines.every((one) => one.name !== name))
  const name = choose.of(names)
  if (name === undefined || model.machines.length > 4) return undefined
  const root = `${name}-root`
  const owned = choose.number(2) === 0
  const known = model.volumes.some((one) => one.name === root)
  const volume: ModelVolume = { name: root, mebibytes: 8, options: {}, ...(owned ? { owner: name } : {}) }
  const machine: ModelMachine = {
    name,
    file: `vms/${name}.yaml`,
    boots: false,
    runStrategy: choose.number(3) === 0 ? 'Halted' : 'Always',
    memory: '64Mi',
    disks: [{ name: 'root', device: 'disk', bus: 'virtio', source: { volume: root }, options: {} }],
    nics: [],
    options: {},
  }
  return {
    model: { ...model, machines: [...model.machines, machine], volumes: known ? model.volumes : [...model.volumes, volume] },
    what: `add ${name}, ${machine.runStrategy}${known ? '' : owned ? ', with a template' : ', with a volume'}`,
  }
}

/** The same machine by another name: to the host the old one goes and a new one comes, with the same disks. */
export function renameMachine(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ boots }) => !boots))
  const names = ['beta', 'gamma', 'delta', 'omega'].filter((name) => model.machines.every((one) => one.name !== name))
  const name = choose.of(names)
  if (machine === undefined || name === undefined) return undefined
  return {
    model: {
      ...model,
      machines: model.machines.map((one) => (one === machine ? { ...machine, name, file: `vms/${name}.yaml` } : one)),
      volumes: model.volumes.map((one) => (one.owner === machine.name ? { ...one, owner: name } : one)),
    },
    what: `rename ${machine.name} to ${name}`,
  }
}
