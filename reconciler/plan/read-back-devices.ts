import type { Drift } from '../../schemas/generated/observation.ts'
import type { Disk, Interface, Network, VirtualMachineInstanceSpec } from '../../schemas/generated/virtual-machine.ts'
import { entrySegment, type Segments } from './diff/path.ts'
import { domainPath, specPath, type DriftMap, type Host, type Reader, type ReadField } from './read-back-drift.ts'

function readInterfaces(drift: DriftMap, spec: VirtualMachineInstanceSpec, { interfaces }: Host): ReadField[] {
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
  const moved = movedTo(drift, 'interface', `ua-nic-${item.name}`)
  if (moved !== undefined)
    return [{ path: [...place, 'macAddress'], value: moved, from: sameDevice(drift, 'interface', { was: mac, is: moved }) }]
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
  fields.push(...readOrder(drift, stored, place))
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

function readDisks(drift: DriftMap, spec: VirtualMachineInstanceSpec, { volumes }: Host): ReadField[] {
  return (spec.domain.devices.disks ?? []).flatMap((disk) => {
    const target = volumes.find(({ name }) => name === disk.name)?.target ?? goneLabel(drift, 'disk', `ua-disk-${disk.name}`)
    return target === undefined ? [] : readDisk(drift, disk, target)
  })
}

function readDisk(drift: DriftMap, disk: Disk, target: string): ReadField[] {
  const place = [...domainPath, 'devices', 'disks', entrySegment(disk.name)]
  const was = goneLabel(drift, 'disk', `ua-disk-${disk.name}`)
  const moved = movedTo(drift, 'disk', `ua-disk-${disk.name}`)
  if (was !== undefined && moved !== undefined) return readBus(drift, { disk, place, was, is: moved })
  const stored = `domain/devices/disk[${target}]`
  const gone = drift.get(`${stored}/target/@dev`)
  if (gone !== undefined && gone.actual === undefined) {
    const from = [...drift.below(stored), ...drift.below(`live/devices/disk[${target}]`)].map(({ path }) => path)
    return [
      { path: place, from },
      { path: [...specPath, 'volumes', entrySegment(disk.name)], from },
    ]
  }
  return [...readOrder(drift, stored, place), ...readDriver(drift, { disk, stored, place })]
}

type MovedDisk = { readonly disk: Disk; readonly place: Segments; readonly was: string; readonly is: string }

/** A disk on another bus has another target, and the alias that it had. */
function readBus(drift: DriftMap, { disk, place, was, is }: MovedDisk): ReadField[] {
  const bus = drift.get(`domain/devices/disk[${is}]/target/@bus`)?.actual
  const kind = (['disk', 'cdrom', 'lun'] as const).find((name) => disk[name] !== undefined)
  if (bus === undefined || kind === undefined) return []
  return [{ path: [...place, kind, 'bus'], value: bus, from: sameDevice(drift, 'disk', { was, is }) }]
}

function readOrder(drift: DriftMap, stored: string, place: Segments): ReadField[] {
  const order = drift.get(`${stored}/boot/@order`)
  if (order === undefined) return []
  return [{ path: [...place, 'bootOrder'], ...(order.actual === undefined ? {} : { value: Number(order.actual) }), from: [order.path] }]
}

/** Where libvirt has what a manifest says of a disk. */
const diskFields = [
  ['driver/@cache', 'cache'],
  ['driver/@io', 'io'],
  ['driver/@error_policy', 'errorPolicy'],
  ['serial', 'serial'],
] as const

type KnownDisk = { readonly disk: Disk; readonly stored: string; readonly place: Segments }

/** What is gone is told only where the manifest has it: otherwise it was a default, which a manifest cannot take away. */
function readDriver(drift: DriftMap, { disk, stored, place }: KnownDisk): ReadField[] {
  const fields = diskFields.flatMap(([part, field]): ReadField[] => {
    const one = drift.get(`${stored}/${part}`)
    if (one === undefined || (one.actual === undefined && disk[field] === undefined)) return []
    return [{ path: [...place, field], ...(one.actual === undefined ? {} : { value: one.actual }), from: [one.path] }]
  })
  const readonly = drift.get(`${stored}/readonly`)
  if (readonly === undefined || disk.disk === undefined) return fields
  if (readonly.actual !== undefined) return [...fields, { path: [...place, 'disk', 'readonly'], value: true, from: [readonly.path] }]
  return disk.disk.readonly === true ? [...fields, { path: [...place, 'disk', 'readonly'], from: [readonly.path] }] : fields
}

/** What tells a device now that has the alias which gitvirt gave it, and is told by something else than before. */
function movedTo(drift: DriftMap, element: 'disk' | 'interface', alias: string): string | undefined {
  if (goneLabel(drift, element, alias) === undefined) return undefined
  return drift.added(element).find((label) => drift.get(`domain/devices/${element}[${label}]/alias/@name`)?.actual === alias)
}

/** Differences that are none of a device which is told by another label now; its place on a bus is generated. */
function sameDevice(drift: DriftMap, element: 'disk' | 'interface', { was, is }: { readonly was: string; readonly is: string }): string[] {
  const ends = (label: string): Map<string, Drift> =>
    new Map(
      ['domain', 'live'].flatMap((root) => {
        const start = `${root}/devices/${element}[${label}]`
        return drift.below(start).map((one) => [`${root}${one.path.slice(start.length)}`, one] as const)
      }),
    )
  const [before, after] = [ends(was), ends(is)]
  const own = /^domain\/(?:target\/@(?:dev|bus)|mac\/@address|address(?:\/.*)?)$|^live$/
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((end) => {
    const [one, other] = [before.get(end), after.get(end)]
    const told = own.test(end) || (one !== undefined && one.expected === other?.actual)
    return told ? [one, other].flatMap((entry) => entry?.path ?? []) : []
  })
}

/** Disks and NICs that the manifest has: changed, or gone. */
export const deviceReaders: readonly Reader[] = [readInterfaces, readDisks]
