import { changed, freeName, letsGo, replaced, withMachine, type Chooser, type Edited } from './choose.ts'
import type { FleetModel, ModelNic } from './fleet-model.ts'
import { nicOptions } from './options.ts'

export function addNic(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ nics }) => nics.length < 4))
  const network = choose.of(model.networks.filter(({ state }) => state === 'up'))
  if (machine === undefined || network === undefined) return undefined
  const options = choose.number(4) === 0 ? { model: 'e1000e' } : {}
  const nic: ModelNic = { name: freeName(machine.nics, 'net'), bridge: network.bridge, options }
  return {
    model: withMachine(model, { ...machine, nics: [...machine.nics, nic] }),
    what: `${machine.name}: add ${nic.name} on ${nic.bridge} ${JSON.stringify(options)}`,
  }
}

export function removeNic(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter((one) => letsGo(one) && one.nics.length > 0))
  const nic = choose.of(machine?.nics ?? [])
  if (machine === undefined || nic === undefined) return undefined
  const nics = machine.nics.filter((one) => one !== nic)
  return { model: withMachine(model, { ...machine, nics }), what: `${machine.name}: remove ${nic.name}` }
}

export function setNicOption(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ nics }) => nics.length > 0))
  const nic = choose.of(machine?.nics ?? [])
  const others = model.machines.flatMap(({ nics }) => nics.map(({ options }) => options))
  const next = nic === undefined ? undefined : changed({ options: nic.options, candidates: nicOptions, others }, choose)
  if (machine === undefined || nic === undefined || next === undefined) return undefined
  return {
    model: withMachine(model, { ...machine, nics: replaced(machine.nics, { ...nic, options: next.options }) }),
    what: `${machine.name}: ${nic.name} ${next.what}`,
  }
}

export function moveNic(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ nics }) => nics.length > 0))
  const nic = choose.of(machine?.nics ?? [])
  const network = choose.of(model.networks.filter(({ state, bridge }) => state === 'up' && bridge !== nic?.bridge))
  if (machine === undefined || nic === undefined || network === undefined) return undefined
  return {
    model: withMachine(model, { ...machine, nics: replaced(machine.nics, { ...nic, bridge: network.bridge }) }),
    what: `${machine.name}: ${nic.name} to ${network.bridge}`,
  }
}
