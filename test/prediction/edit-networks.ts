import { changed, replaced, type Chooser, type Edited } from './choose.ts'
import type { FleetModel, ModelNetwork } from './fleet-model.ts'
import { networkOptions } from './options.ts'

export function addNetwork(model: FleetModel, choose: Chooser): Edited {
  const bridge = choose.of(['br1', 'br2', 'br3'].filter((name) => model.networks.every((one) => one.bridge !== name)))
  if (bridge === undefined) return undefined
  const network: ModelNetwork = { name: `net-${bridge}`, bridge, state: 'up', mtu: 1500, ports: [], options: {} }
  return { model: { ...model, networks: [...model.networks, network] }, what: `add bridge ${bridge}` }
}

export function editNetwork(model: FleetModel, choose: Chooser): Edited {
  const network = choose.of(model.networks.filter(({ state }) => state === 'up'))
  if (network === undefined) return undefined
  const way = choose.number(3)
  const taken = new Set(model.networks.flatMap(({ ports }) => ports))
  const port = network.ports.length === 0 ? ['port1', 'port2'].find((name) => !taken.has(name)) : undefined
  const mtu = network.mtu === 1500 ? 1400 : 1500
  const option = changed({ options: network.options, candidates: networkOptions, others: [] }, choose)
  const edited: ModelNetwork =
    way === 0
      ? { ...network, mtu }
      : way === 1
        ? { ...network, ports: port === undefined ? [] : [port] }
        : { ...network, options: option?.options ?? {} }
  return {
    model: { ...model, networks: replaced(model.networks, edited) },
    what: `${network.bridge}: ${JSON.stringify([edited.mtu, edited.ports, edited.options])}`,
  }
}

/** A bridge that no machine is plugged into goes: by its state, or only out of Git. */
export function removeNetwork(model: FleetModel, choose: Chooser): Edited {
  const used = new Set(model.machines.flatMap(({ nics }) => nics.map(({ bridge }) => bridge)))
  const network = choose.of(model.networks.filter(({ bridge }) => !used.has(bridge)))
  if (network === undefined) return undefined
  if (network.state === 'absent' || choose.number(2) === 0) {
    return { model: { ...model, networks: model.networks.filter((one) => one !== network) }, what: `forget ${network.name}` }
  }
  const gone: ModelNetwork = { ...network, state: 'absent', ports: [] }
  return { model: { ...model, networks: replaced(model.networks, gone) }, what: `${network.bridge} absent` }
}
