import type { VirtualMachineInstanceSpec } from '../../schemas/generated/virtual-machine.ts'
import { entrySegment } from './diff/path.ts'
import { domainPath, specPath, type DriftMap, type Host, type Reader, type ReadField } from './read-back-drift.ts'

/** What a disk or NIC that was added by hand says of itself; undefined where it says more than a manifest can. */
type Device = { readonly get: (part: string) => string | undefined; readonly from: readonly string[] }

/** Places and names that libvirt generates. */
const generated = /^(?:alias\/@name|address(?:\/.*)?|source\/@index|target\/@dev)$/

function addedDevice(drift: DriftMap, place: string, parts: ReadonlySet<string>): Device | undefined {
  const start = `domain/devices/${place}`
  const own = drift.below(start)
  const known = own.every(({ path }) => parts.has(path.slice(start.length + 1)) || generated.test(path.slice(start.length + 1)))
  const from = [...own, ...drift.below(`live/devices/${place}`)].map(({ path }) => path)
  // Gitvirt's own devices are told where the manifest has them.
  const ours = drift.get(`${start}/alias/@name`)?.actual?.startsWith('ua-') === true
  return known && !ours ? { get: (part) => drift.get(`${start}/${part}`)?.actual, from } : undefined
}

const diskParts: ReadonlySet<string> = new Set(
  [
    '@type',
    '@device',
    'driver',
    'driver/@name',
    'driver/@type',
    'driver/@cache',
    'driver/@io',
    'driver/@error_policy',
    'driver/@discard',
  ].concat(['source/@file', 'source/@dev', 'target/@bus', 'serial', 'readonly', 'boot/@order']),
)

/** A raw file or device of the host below a folder that the Fleet allows is a hostDisk; of all else a manifest says nothing. */
function readAddedDisks(drift: DriftMap, spec: VirtualMachineInstanceSpec, { hostPaths }: Host): ReadField[] {
  const taken = new Set([...(spec.volumes ?? []), ...(spec.domain.devices.disks ?? [])].map(({ name }) => name))
  return drift.added('disk').flatMap((label): ReadField[] => {
    const device = addedDevice(drift, `disk[${label}]`, diskParts)
    const file = device?.get('source/@file') ?? device?.get('source/@dev')
    const bus = device?.get('target/@bus')
    if (device === undefined || file === undefined || bus === undefined || taken.has(label)) return []
    if (device.get('@device') !== 'disk' || device.get('driver/@type') !== 'raw' || !isAllowed(file, hostPaths)) return []
    // The agent gives it to each disk that can be written, and a manifest says nothing of it.
    if ((device.get('driver/@discard') ?? 'unmap') !== 'unmap') return []
    const { get, from } = device
    const order = get('boot/@order')
    const disk = {
      name: label,
      disk: { bus, ...(get('readonly') === undefined ? {} : { readonly: true }) },
      ...given('cache', get('driver/@cache')),
      ...given('io', get('driver/@io')),
      ...given('errorPolicy', get('driver/@error_policy')),
      ...given('serial', get('serial')),
      ...given('bootOrder', order === undefined ? undefined : Number(order)),
    }
    return [
      { path: [...domainPath, 'devices', 'disks', entrySegment(label)], value: disk, from },
      { path: [...specPath, 'volumes', entrySegment(label)], value: { name: label, hostDisk: { path: file, type: 'Disk' } }, from },
    ]
  })
}

function given<T>(name: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [name]: value }
}

/** As the agent has it, which looks at links as well. */
function isAllowed(path: string, prefixes: readonly string[]): boolean {
  const plain = !path.split('/').includes('..')
  return plain && prefixes.some((prefix) => path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`))
}

const nicParts: ReadonlySet<string> = new Set(['@type', 'mac/@address', 'source/@bridge', 'model/@type', 'link/@state', 'boot/@order'])

/** A NIC on a bridge of the host. Where the manifest states no NIC, its first one would take the place of the one on the pod network. */
function readAddedNics(drift: DriftMap, spec: VirtualMachineInstanceSpec): ReadField[] {
  const { interfaces = [], autoattachPodInterface } = spec.domain.devices
  if (interfaces.length === 0 && autoattachPodInterface !== false) return []
  const taken = new Set([...interfaces, ...(spec.networks ?? [])].map(({ name }) => name))
  return drift.added('interface').flatMap((mac): ReadField[] => {
    const device = addedDevice(drift, `interface[${mac}]`, nicParts)
    const bridge = device?.get('source/@bridge')
    if (device === undefined || bridge === undefined || device.get('@type') !== 'bridge') return []
    const { get, from } = device
    const name = freeName(bridge, taken)
    const order = get('boot/@order')
    const nic = {
      name,
      bridge: {},
      macAddress: mac,
      ...given('model', get('model/@type')),
      ...(get('link/@state') === 'down' ? { state: 'down' } : {}),
      ...given('bootOrder', order === undefined ? undefined : Number(order)),
    }
    return [
      { path: [...domainPath, 'devices', 'interfaces', entrySegment(name)], value: nic, from },
      { path: [...specPath, 'networks', entrySegment(name)], value: { name, multus: { networkName: bridge } }, from },
    ]
  })
}

/** The bridge's name in lower case, with a number where it is taken. */
function freeName(bridge: string, taken: Set<string>): string {
  const plain = bridge.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')
  let name = plain
  for (let number = 2; taken.has(name); number += 1) name = `${plain}-${number}`
  taken.add(name)
  return name
}

/** Disks and NICs that the manifest does not have. */
export const addedReaders: readonly Reader[] = [readAddedDisks, readAddedNics]
