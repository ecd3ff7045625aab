import * as fc from 'fast-check'
import type { FleetModel, ModelDisk, ModelMachine, ModelNetwork, ModelNic, ModelVolume, Options } from './fleet-model.ts'
import { diskOptions, machineOptions, networkOptions, nicOptions, volumeOptions, type Candidates } from './options.ts'

/** Free choices of one edit, made by fast-check. */
export type Choices = { readonly kind: EditKind; readonly numbers: readonly number[] }

/** One commit: its edits, and whether what waits afterwards is approved. */
export type Attempt = { readonly edits: readonly Choices[]; readonly approve: boolean }

/** An edit's outcome: the next model and what was edited; undefined where the model has no place for it. */
type Edited = { readonly model: FleetModel; readonly what: string } | undefined

type Chooser = { of<T>(list: readonly T[]): T | undefined; number(below: number): number }

function chooser(numbers: readonly number[]): Chooser {
  let at = 0
  const number = (below: number): number => (numbers[at++ % numbers.length] ?? 0) % below
  return { number, of: (list) => (list.length === 0 ? undefined : list[number(list.length)]) }
}

function replaced<T extends { readonly name: string }>(list: readonly T[], one: T): readonly T[] {
  return list.map((item) => (item.name === one.name ? one : item))
}

function withMachine(model: FleetModel, machine: ModelMachine): FleetModel {
  return { ...model, machines: replaced(model.machines, machine) }
}

/** Paths whose values no two of a fleet, or of a machine, may share. */
const unique: ReadonlySet<string> = new Set(['macAddress', 'bootOrder', 'acpiIndex', 'spec.template.spec.domain.firmware.uuid'])

type Change = { readonly options: Options; readonly candidates: Candidates; readonly others: readonly Options[] }

/** Another value at one of the paths, or none. */
function changed(change: Change, choose: Chooser): { readonly options: Options; readonly what: string } | undefined {
  const { options, candidates, others } = change
  const path = choose.of(Object.keys(candidates))
  if (path === undefined) return undefined
  const text = JSON.stringify
  const isTaken = (value: unknown): boolean => unique.has(path) && others.some((other) => text(other[path]) === text(value))
  const possible = (candidates[path] ?? []).filter((value) => !isTaken(value))
  const values = [undefined, ...possible].filter((value) => text(value) !== text(options[path]))
  const value = choose.of(values)
  const { [path]: _, ...rest } = options
  return { options: value === undefined ? rest : { ...rest, [path]: value }, what: `${path}=${JSON.stringify(value) ?? 'none'}` }
}

/** Disks that no machine uses and Git has by itself. */
function freeVolumes(model: FleetModel): ModelVolume[] {
  const used = new Set(model.machines.flatMap(({ disks }) => disks.flatMap(({ source }) => ('volume' in source ? [source.volume] : []))))
  return model.volumes.filter(({ name, owner }) => owner === undefined && !used.has(name))
}

function freeName(taken: Iterable<{ readonly name: string }>, prefix: string): string {
  const names = new Set([...taken].map(({ name }) => name))
  for (let number = 1; ; number += 1) if (!names.has(`${prefix}${number}`)) return `${prefix}${number}`
}

/** A guest in its firmware keeps its devices, so nothing is taken from it while it runs. */
function letsGo({ boots, runStrategy }: ModelMachine): boolean {
  return boots || runStrategy === 'Halted'
}

const isExtra = ({ name }: ModelDisk): boolean => name !== 'root' && name !== 'seed'

function setMachineOption(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  const next =
    machine === undefined
      ? undefined
      : changed({ options: machine.options, candidates: machineOptions, others: model.machines.map(({ options }) => options) }, choose)
  if (machine === undefined || next === undefined) return undefined
  return { model: withMachine(model, { ...machine, options: next.options }), what: `${machine.name}: ${next.what}` }
}

function setMemory(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  if (machine === undefined) return undefined
  const sizes = machine.boots ? ['128Mi', '131072Ki', '144Mi'] : ['64Mi', '65536Ki', '80Mi']
  const memory = choose.of(sizes.filter((size) => size !== machine.memory)) ?? machine.memory
  return { model: withMachine(model, { ...machine, memory }), what: `${machine.name}: memory ${memory}` }
}

function setRunStrategy(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  if (machine === undefined) return undefined
  const runStrategy = machine.runStrategy === 'Always' ? 'Halted' : 'Always'
  return { model: withMachine(model, { ...machine, runStrategy }), what: `${machine.name}: ${runStrategy}` }
}

function addDisk(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  const volume = choose.of(freeVolumes(model))
  if (machine === undefined || machine.disks.length > 6) return undefined
  const empty = choose.number(4) === 0 || volume === undefined
  const disk: ModelDisk = {
    name: freeName(machine.disks, 'disk'),
    device: choose.number(6) === 0 ? 'cdrom' : 'disk',
    bus: choose.of(['virtio', 'virtio', 'scsi', 'sata'] as const) ?? 'virtio',
    source: empty ? { emptyMebibytes: 4 } : { volume: volume.name },
    options: {},
  }
  const fitting: ModelDisk = disk.device === 'cdrom' ? { ...disk, bus: 'sata' } : disk
  const place = choose.number(2) === 0 ? machine.disks.length : 1
  return {
    model: withMachine(model, { ...machine, disks: machine.disks.toSpliced(place, 0, fitting) }),
    what: `${machine.name}: add ${fitting.device} ${fitting.name} on ${fitting.bus} from ${JSON.stringify(fitting.source)}`,
  }
}

function removeDisk(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter((one) => letsGo(one) && one.disks.some(isExtra)))
  const disk = choose.of(machine?.disks.filter(isExtra) ?? [])
  if (machine === undefined || disk === undefined) return undefined
  const next = withMachine(model, { ...machine, disks: machine.disks.filter((one) => one !== disk) })
  const volume = 'volume' in disk.source ? disk.source.volume : undefined
  const along = volume !== undefined && choose.number(2) === 0
  return {
    model: along ? { ...next, volumes: next.volumes.filter(({ name, owner }) => name !== volume || owner !== undefined) } : next,
    what: `${machine.name}: remove ${disk.name}${along ? ` and its volume ${volume}` : ''}`,
  }
}

type DiskEdit = (disk: ModelDisk, machine: ModelMachine) => readonly [ModelDisk, string] | undefined

function editDisk(model: FleetModel, choose: Chooser, edit: DiskEdit): Edited {
  const machine = choose.of(model.machines)
  const disk = choose.of(machine?.disks ?? [])
  const edited = disk === undefined || machine === undefined ? undefined : edit(disk, machine)
  if (machine === undefined || edited === undefined) return undefined
  return {
    model: withMachine(model, { ...machine, disks: replaced(machine.disks, edited[0]) }),
    what: `${machine.name}: disk ${edited[0].name} ${edited[1]}`,
  }
}

function setDiskOption(model: FleetModel, choose: Chooser): Edited {
  return editDisk(model, choose, (disk, { disks }) => {
    const next = changed({ options: disk.options, candidates: diskOptions(disk), others: disks.map(({ options }) => options) }, choose)
    return next === undefined ? undefined : [{ ...disk, options: next.options }, next.what]
  })
}

function setBus(model: FleetModel, choose: Chooser): Edited {
  return editDisk(model, choose, (disk) => {
    const buses = disk.device === 'cdrom' ? (['sata', 'scsi'] as const) : (['virtio', 'scsi', 'sata'] as const)
    const bus = disk.name === 'root' ? undefined : choose.of(buses.filter((one) => one !== disk.bus))
    return bus === undefined ? undefined : [{ ...disk, bus }, `on ${bus}`]
  })
}

/** Another volume in the same place. */
function setVolume(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(freeVolumes(model))
  return editDisk(model, choose, (disk) =>
    volume === undefined || !isExtra(disk) ? undefined : [{ ...disk, source: { volume: volume.name } }, `from ${volume.name}`],
  )
}

function setSeed(model: FleetModel, choose: Chooser): Edited {
  const mark = 2 + choose.number(1000)
  return editDisk(model, choose, (disk) => {
    if (disk.name !== 'seed') return undefined
    const secret = choose.number(3) === 0
    return [{ ...disk, source: secret ? { secret: true } : { seed: mark } }, secret ? 'from the Secret' : `with mark ${mark}`]
  })
}

function setSecret(model: FleetModel, choose: Chooser): Edited {
  const secretMark = 5001 + choose.number(1000)
  return secretMark === model.secretMark ? undefined : { model: { ...model, secretMark }, what: `Secret with mark ${secretMark}` }
}

function swapDisks(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ disks }) => disks.length > 2))
  if (machine === undefined) return undefined
  const [first, second, ...rest] = machine.disks
  const disks = [first, ...rest, second].filter((disk) => disk !== undefined)
  return { model: withMachine(model, { ...machine, disks }), what: `${machine.name}: other order of disks` }
}

function addNic(model: FleetModel, choose: Chooser): Edited {
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

function removeNic(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter((one) => letsGo(one) && one.nics.length > 0))
  const nic = choose.of(machine?.nics ?? [])
  if (machine === undefined || nic === undefined) return undefined
  const nics = machine.nics.filter((one) => one !== nic)
  return { model: withMachine(model, { ...machine, nics }), what: `${machine.name}: remove ${nic.name}` }
}

function setNicOption(model: FleetModel, choose: Chooser): Edited {
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

function moveNic(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines.filter(({ nics }) => nics.length > 0))
  const nic = choose.of(machine?.nics ?? [])
  const network = choose.of(model.networks.filter(({ state, bridge }) => state === 'up' && bridge !== nic?.bridge))
  if (machine === undefined || nic === undefined || network === undefined) return undefined
  return {
    model: withMachine(model, { ...machine, nics: replaced(machine.nics, { ...nic, bridge: network.bridge }) }),
    what: `${machine.name}: ${nic.name} to ${network.bridge}`,
  }
}

function moveFile(model: FleetModel, choose: Chooser): Edited {
  const machine = choose.of(model.machines)
  if (machine === undefined) return undefined
  const file = `moved/${machine.name}-${choose.number(1000)}.yaml`
  return { model: withMachine(model, { ...machine, file }), what: `${machine.name}: file ${file}` }
}

function deleteMachine(model: FleetModel, choose: Chooser): Edited {
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
function addMachine(model: FleetModel, choose: Chooser): Edited {
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
function renameMachine(model: FleetModel, choose: Chooser): Edited {
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

function addVolume(model: FleetModel, choose: Chooser): Edited {
  if (model.volumes.length > 12) return undefined
  const names = ['spare', 'store1', 'store2', 'store3', 'store4'].filter((name) => model.volumes.every((one) => one.name !== name))
  const name = choose.of(names)
  if (name === undefined) return undefined
  const volume: ModelVolume = { name, mebibytes: 8, options: {} }
  return { model: { ...model, volumes: [...model.volumes, volume] }, what: `add volume ${name}` }
}

function removeVolume(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(freeVolumes(model))
  if (volume === undefined) return undefined
  return { model: { ...model, volumes: model.volumes.filter((one) => one !== volume) }, what: `remove volume ${volume.name}` }
}

function growVolume(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(model.volumes)
  if (volume === undefined) return undefined
  const mebibytes = volume.mebibytes + 1 + choose.number(4)
  return { model: { ...model, volumes: replaced(model.volumes, { ...volume, mebibytes }) }, what: `${volume.name}: ${mebibytes} MiB` }
}

function setVolumeOption(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(model.volumes)
  const next = volume === undefined ? undefined : changed({ options: volume.options, candidates: volumeOptions, others: [] }, choose)
  if (volume === undefined || next === undefined) return undefined
  return {
    model: { ...model, volumes: replaced(model.volumes, { ...volume, options: next.options }) },
    what: `${volume.name}: ${next.what}`,
  }
}

function addNetwork(model: FleetModel, choose: Chooser): Edited {
  const bridge = choose.of(['br1', 'br2', 'br3'].filter((name) => model.networks.every((one) => one.bridge !== name)))
  if (bridge === undefined) return undefined
  const network: ModelNetwork = { name: `net-${bridge}`, bridge, state: 'up', mtu: 1500, ports: [], options: {} }
  return { model: { ...model, networks: [...model.networks, network] }, what: `add bridge ${bridge}` }
}

function editNetwork(model: FleetModel, choose: Chooser): Edited {
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
function removeNetwork(model: FleetModel, choose: Chooser): Edited {
  const used = new Set(model.machines.flatMap(({ nics }) => nics.map(({ bridge }) => bridge)))
  const network = choose.of(model.networks.filter(({ bridge }) => !used.has(bridge)))
  if (network === undefined) return undefined
  if (network.state === 'absent' || choose.number(2) === 0) {
    return { model: { ...model, networks: model.networks.filter((one) => one !== network) }, what: `forget ${network.name}` }
  }
  const gone: ModelNetwork = { ...network, state: 'absent', ports: [] }
  return { model: { ...model, networks: replaced(model.networks, gone) }, what: `${network.bridge} absent` }
}

const kinds = {
  setMachineOption: [30, setMachineOption],
  setMemory: [5, setMemory],
  setRunStrategy: [5, setRunStrategy],
  addDisk: [8, addDisk],
  removeDisk: [7, removeDisk],
  setDiskOption: [9, setDiskOption],
  setBus: [3, setBus],
  setVolume: [3, setVolume],
  setSeed: [4, setSeed],
  setSecret: [3, setSecret],
  swapDisks: [2, swapDisks],
  addNic: [5, addNic],
  removeNic: [5, removeNic],
  setNicOption: [7, setNicOption],
  moveNic: [2, moveNic],
  moveFile: [2, moveFile],
  deleteMachine: [4, deleteMachine],
  addMachine: [5, addMachine],
  renameMachine: [3, renameMachine],
  addVolume: [4, addVolume],
  removeVolume: [3, removeVolume],
  growVolume: [5, growVolume],
  setVolumeOption: [3, setVolumeOption],
  addNetwork: [3, addNetwork],
  editNetwork: [5, editNetwork],
  removeNetwork: [3, removeNetwork],
} satisfies Record<string, readonly [number, (model: FleetModel, choose: Chooser) => Edited]>

export type EditKind = keyof typeof kinds

const choices: fc.Arbitrary<Choices> = fc.record({
  kind: fc.oneof(...(Object.keys(kinds) as EditKind[]).map((kind) => ({ weight: kinds[kind][0], arbitrary: fc.constant(kind) }))),
  numbers: fc.array(fc.nat(9999), { minLength: 6, maxLength: 6 }),
})

/** One to three edits in one commit, and whether what then waits for a person is approved. */
export const attempts: fc.Arbitrary<Attempt> = fc.record({
  edits: fc.array(choices, { minLength: 1, maxLength: 3 }),
  approve: fc.boolean(),
})

/** The model after a commit, and what was edited. An edit without a place in the model becomes a label, so that none is empty. */
export function applyEdits(model: FleetModel, edits: readonly Choices[]): { readonly model: FleetModel; readonly what: readonly string[] } {
  let next = model
  const what: string[] = []
  for (const { kind, numbers } of edits) {
    const edited = kinds[kind][1](next, chooser(numbers)) ?? setMachineOption(next, chooser(numbers))
    if (edited === undefined) continue
    next = edited.model
    what.push(edited.what)
  }
  return { model: next, what }
}
