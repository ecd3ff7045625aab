import type { Drift, ObservedMachine } from '../../schemas/generated/observation.ts'
import type { Disk, Interface, Network, VirtualMachineInstanceSpec } from '../../schemas/generated/virtual-machine.ts'
import { entrySegment, type Segments } from './diff/path.ts'

/** A field of the manifest as the domain has it now; without a value the domain has it no longer. */
export type ReadField = {
  readonly path: Segments
  readonly value?: unknown
  /** Paths of the drift that it tells. */ readonly from: readonly string[]
}

/** What was changed on a domain by hand, as far as a manifest can say it. */
export type ReadBack = {
  readonly fields: readonly ReadField[]
  /** Paths of drift that no field tells; never values. */
  readonly left: readonly string[]
}

type Reader = (drift: DriftMap, spec: VirtualMachineInstanceSpec, observed: ObservedMachine) => ReadField[]

const specPath: Segments = ['spec', 'template', 'spec']
const domainPath: Segments = [...specPath, 'domain']

/** Reads drift back into the fields of a manifest: memory, vCPUs, NICs and disks that went, links, boot order. Pure. */
export function readBack(observed: ObservedMachine): ReadBack {
  const spec = observed.applied?.template.spec
  const drift = new DriftMap(observed.drift)
  if (spec === undefined) return { fields: [], left: drift.paths }
  const fields = readers.flatMap((read) => read(drift, spec, observed))
  const told = new Set(fields.flatMap(({ from }) => from))
  return { fields, left: drift.paths.filter((path) => !told.has(path)) }
}

/** The differences of a domain by path. */
class DriftMap {
  readonly #entries: ReadonlyMap<string, Drift>

  constructor(drift: readonly Drift[]) {
    this.#entries = new Map(drift.map((one) => [one.path, one]))
  }

  get paths(): string[] {
    return [...this.#entries.keys()]
  }

  get(path: string): Drift | undefined {
    return this.#entries.get(path)
  }

  below(prefix: string): Drift[] {
    return [...this.#entries.values()].filter(({ path }) => path === prefix || path.startsWith(`${prefix}/`))
  }
}

function readMemory(drift: DriftMap): ReadField[] {
  const memory = drift.get('domain/memory')
  const current = drift.get('domain/currentMemory')
  // A guest that sees less than it could has no field here.
  if (memory?.actual === undefined || !/^\d+$/.test(memory.actual)) return []
  const from = ['domain/memory', ...(current?.actual === memory.actual ? ['domain/currentMemory'] : [])]
  return [{ path: [...domainPath, 'memory', 'guest'], value: sizeText(Number(memory.actual)), from }]
}

/** KiB in the largest unit that fits. */
function sizeText(kib: number): string {
  if (kib % 1_048_576 === 0) return `${kib / 1_048_576}Gi`
  return kib % 1024 === 0 ? `${kib / 1024}Mi` : `${kib}Ki`
}

/** libvirt asks that sockets, cores and threads make up the most vCPUs, so these are told together. */
function readCpu(drift: DriftMap, spec: VirtualMachineInstanceSpec): ReadField[] {
  const paths = ['domain/vcpu', 'domain/vcpu/@current', ...['sockets', 'cores', 'threads'].map((part) => `domain/cpu/topology/@${part}`)]
  const from = paths.filter((path) => drift.get(path) !== undefined)
  if (from.length === 0) return []
  const { cpu = {} } = spec.domain
  const part = (name: string, otherwise: number): number => Number(drift.get(`domain/cpu/topology/@${name}`)?.actual ?? otherwise)
  const cores = part('cores', cpu.cores ?? 1)
  const threads = part('threads', cpu.threads ?? 1)
  const most = part('sockets', Number(drift.get('domain/vcpu')?.actual ?? 0) / (cores * threads) || (cpu.maxSockets ?? cpu.sockets ?? 1))
  const current = drift.get('domain/vcpu/@current')
  const sockets =
    current?.actual === undefined
      ? current === undefined
        ? Math.min(cpu.sockets ?? most, most)
        : most
      : Number(current.actual) / (cores * threads)
  const wanted = drift.get('domain/vcpu') !== undefined && current === undefined ? most : sockets
  if (![cores, threads, most, wanted].every((count) => Number.isInteger(count) && count > 0)) return []
  const field = (name: string, value: number): ReadField => ({ path: [...domainPath, 'cpu', name], value, from })
  return [
    ...(wanted === (cpu.sockets ?? 1) ? [] : [field('sockets', wanted)]),
    ...(cores === (cpu.cores ?? 1) ? [] : [field('cores', cores)]),
    ...(threads === (cpu.threads ?? 1) ? [] : [field('threads', threads)]),
    ...(cpu.maxSockets === undefined && most === wanted ? [] : most === cpu.maxSockets ? [] : [field('maxSockets', most)]),
  ]
}

function readInterfaces(drift: DriftMap, spec: VirtualMachineInstanceSpec, { interfaces }: ObservedMachine): ReadField[] {
  const known = new Map(interfaces.map(({ name, mac }) => [mac, name]))
  return (spec.domain.devices.interfaces ?? []).flatMap((item) => {
    const mac = item.macAddress?.toLowerCase() ?? [...known].find(([, name]) => name === item.name)?.[0] ?? goneMac(drift, item.name)
    return mac === undefined ? [] : readInterface(drift, { item, mac, networks: spec.networks ?? [] })
  })
}

/** A NIC that was taken out of the definition is told by the alias that it had. */
function goneMac(drift: DriftMap, name: string): string | undefined {
  return goneLabel(drift, 'interface', `ua-nic-${name}`)
}

function goneLabel(drift: DriftMap, element: string, alias: string): string | undefined {
  const pattern = new RegExp(`^domain/devices/${element}\\[([^\\]]+)\\]/alias/@name$`)
  return drift.paths
    .map((path) => [pattern.exec(path)?.[1], drift.get(path)] as const)
    .find(([, one]) => one?.expected === alias && one.actual === undefined)?.[0]
}

type Nic = { readonly item: Interface; readonly mac: string; readonly networks: readonly Network[] }

function readInterface(drift: DriftMap, { item, mac, networks }: Nic): ReadField[] {
  const stored = `domain/devices/interface[${mac}]`
  const live = `live/devices/interface[${mac}]`
  const place = [...domainPath, 'devices', 'interfaces', entrySegment(item.name)]
  const address = drift.get(`${stored}/mac/@address`)
  if (address !== undefined && address.actual === undefined) {
    const from = [...drift.below(stored), ...drift.below(live)].map(({ path }) => path)
    return [
      { path: place, from },
      { path: [...specPath, 'networks', entrySegment(item.name)], from },
    ]
  }
  const fields: ReadField[] = []
  const link = drift.get(`${stored}/link/@state`)
  const liveLink = drift.get(live)
  if (link !== undefined || isLinkOnly(liveLink)) {
    const down = link === undefined ? liveLink?.actual?.endsWith(' down') === true : link.actual === 'down'
    const from = [...(link === undefined ? [] : [link.path]), ...(liveLink !== undefined && isLinkOnly(liveLink) ? [live] : [])]
    fields.push({ path: [...place, 'state'], ...(down ? { value: 'down' } : {}), from })
  }
  const model = drift.get(`${stored}/model/@type`)
  if (model?.actual !== undefined) fields.push({ path: [...place, 'model'], value: model.actual, from: [model.path] })
  const bridge = drift.get(`${stored}/source/@bridge`)
  const onBridge = networks.some(({ name, multus }) => name === item.name && multus !== undefined)
  if (bridge?.actual !== undefined && onBridge)
    fields.push({
      path: [...specPath, 'networks', entrySegment(item.name), 'multus', 'networkName'],
      value: bridge.actual,
      from: [bridge.path],
    })
  return fields
}

/** True where a running NIC differs in its link alone. */
function isLinkOnly(drift: Drift | undefined): boolean {
  if (drift?.expected === undefined || drift.actual === undefined) return false
  const bare = (text: string): string => text.replace(/ (?:up|down)$/, '')
  return bare(drift.expected) === bare(drift.actual)
}

function readDisks(drift: DriftMap, spec: VirtualMachineInstanceSpec, { volumes }: ObservedMachine): ReadField[] {
  return (spec.domain.devices.disks ?? []).flatMap((disk) => {
    const target = volumes.find(({ name }) => name === disk.name)?.target ?? goneLabel(drift, 'disk', `ua-disk-${disk.name}`)
    return target === undefined ? [] : readDisk(drift, disk, target)
  })
}

function readDisk(drift: DriftMap, disk: Disk, target: string): ReadField[] {
  const stored = `domain/devices/disk[${target}]`
  const place = [...domainPath, 'devices', 'disks', entrySegment(disk.name)]
  const gone = drift.get(`${stored}/target/@dev`)
  if (gone !== undefined && gone.actual === undefined) {
    const from = [...drift.below(stored), ...drift.below(`live/devices/disk[${target}]`)].map(({ path }) => path)
    return [
      { path: place, from },
      { path: [...specPath, 'volumes', entrySegment(disk.name)], from },
    ]
  }
  const order = drift.get(`${stored}/boot/@order`)
  if (order === undefined) return []
  return [{ path: [...place, 'bootOrder'], ...(order.actual === undefined ? {} : { value: Number(order.actual) }), from: [order.path] }]
}

const readers: readonly Reader[] = [readMemory, readCpu, readInterfaces, readDisks]
