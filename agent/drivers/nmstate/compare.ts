import type { Drift } from '../../../schemas/generated/observation.ts'
import { compareAddresses } from './compare-addresses.ts'
import { compareRoutes } from './compare-routes.ts'
import { sameScalar } from './compare-scalar.ts'
import {
  asList,
  asObject,
  findInterface,
  interfacesOf,
  omit,
  portsOf,
  valueAt,
  type Interface,
  type NetworkState,
} from './network-state.ts'

/** How an interface stands with the kernel: nmstate derives `state` from the carrier, people mean the administrative state. */
export type AdminStates = ReadonlyMap<string, boolean>

type Report = (path: string, expected: unknown, actual: unknown) => void

/** Most differences that are reported of one policy. */
const maxDrift = 64

/** Fields that steer nmstate or NetworkManager and that the current state does not tell. */
const untold = [
  'copy-mac-from',
  'identifier',
  'profile-name',
  'description',
  'wait-ip',
  'alt-names',
  'controller-type',
  'dispatch',
  '802.1x',
  'permanent-mac-address',
]

/**
 * Where the current state differs from a desired one, in the fields that the desired one names. Pure.
 * Lists go by name, numbers and their text are equal, and what the current state does not tell is no difference.
 * @param up administrative states (IFF_UP) by interface name; without an entry nmstate's `state` counts
 */
export function compareStates(desired: NetworkState, current: NetworkState, up: AdminStates = new Map()): readonly Drift[] {
  const drift: Drift[] = []
  const report: Report = (path, expected, actual) => {
    if (drift.length < maxDrift) drift.push({ path, ...shown('expected', expected), ...shown('actual', actual) })
  }
  for (const entry of interfacesOf(desired)) compareInterface(entry, { current, up, report })
  compareRoutes(desired, current, report)
  const servers = ['server', 'search', 'options']
  for (const key of servers) compareOrdered(`dns-resolver.config.${key}`, [desired, current], report)
  compareHostname(desired, current, report)
  return drift
}

type Against = { readonly current: NetworkState; readonly up: AdminStates; readonly report: Report }

function compareInterface(entry: Interface, against: Against): void {
  const path = `interfaces[${entry.name}]`
  const current = findInterface(against.current, entry.name)
  if (entry['state'] === 'absent') {
    if (current !== undefined && sameType(entry, current)) against.report(`${path}.state`, 'absent', current['state'])
    return
  }
  if (current === undefined) {
    // A software interface that is down may be gone: NetworkManager keeps only its profile.
    if (entry['state'] !== 'down') against.report(path, entry['state'] ?? 'up', 'absent')
    return
  }
  if (!sameType(entry, current)) against.report(`${path}.type`, entry['type'], current['type'])
  compareAdminState(entry, current, against)
  compareFields(path, entry, { current, state: against.current, report: against.report })
}

function compareFields(path: string, entry: Interface, against: { current: Interface; state: NetworkState; report: Report }): void {
  const { current, report } = against
  const special = ['name', 'type', 'state', 'ipv4', 'ipv6', 'controller', ...untold]
  if (typeof entry['controller'] === 'string' && entry['controller'] !== (current['controller'] ?? '')) {
    report(`${path}.controller`, entry['controller'], current['controller'] ?? '')
  }
  for (const family of ['ipv4', 'ipv6'] as const) compareAddresses(`${path}.${family}`, [entry[family], current[family]], report)
  comparePorts(path, entry, against)
  const controllers = {
    bridge: omit(asObject(entry['bridge']) ?? {}, 'port'),
    'link-aggregation': omit(asObject(entry['link-aggregation']) ?? {}, 'port'),
  }
  compareValue(path, [omit({ ...entry, ...pick(controllers, entry) }, ...special), current], report)
  for (const port of asList(valueAt(entry, 'bridge', 'port'))) {
    const actual = asList(valueAt(current, 'bridge', 'port')).find((other) => valueAt(other, 'name') === valueAt(port, 'name'))
    if (actual !== undefined) compareValue(`${path}.bridge.port[${String(valueAt(port, 'name'))}]`, [port, actual], report)
  }
}

function pick(values: NetworkState, of: NetworkState): NetworkState {
  return Object.fromEntries(Object.entries(values).filter(([key]) => key in of))
}

/** Ports are a set; guests' taps and what the provider ignores come and go by themselves. */
function comparePorts(path: string, entry: Interface, against: { current: Interface; state: NetworkState; report: Report }): void {
  const wanted = portsOf(entry)
  if (wanted === undefined) return
  const actual = portsOf(against.current) ?? []
  const counted = actual.filter((name) => wanted.includes(name) || !isTransient(findInterface(against.state, name)))
  const [expected, found] = [[...wanted].sort().join(','), [...counted].sort().join(',')]
  if (expected !== found) against.report(`${path}.port`, expected, found)
}

function isTransient(port: Interface | undefined): boolean {
  return port === undefined || port['state'] === 'ignore' || port['type'] === 'tun' || port['type'] === 'tap' || port['type'] === 'mac-vtap'
}

function compareAdminState(entry: Interface, current: Interface, { up, report }: Against): void {
  const wanted = entry['state'] ?? 'up'
  if (wanted !== 'up' && wanted !== 'down') return
  const admin = up.get(entry.name)
  const actual = admin === undefined ? current['state'] : admin ? 'up' : 'down'
  if (actual !== wanted && actual !== 'unknown') report(`interfaces[${entry.name}].state`, wanted, actual)
}

/** nmstate calls a veth an ethernet too, and takes any type where none is given. */
function sameType(wanted: Interface, current: Interface): boolean {
  const type = wanted['type']
  return type === undefined || type === 'unknown' || type === current['type'] || (type === 'ethernet' && current['type'] === 'veth')
}

/** Recursive comparison of [desired, current]; what the current side does not tell is left out. */
function compareValue(path: string, [wanted, actual]: readonly [unknown, unknown], report: Report): void {
  if (actual === undefined || actual === null || wanted === undefined || wanted === null) return
  const object = asObject(wanted)
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual) || !sameSet(wanted, actual)) report(path, wanted, actual)
  } else if (object !== undefined) {
    for (const [key, value] of Object.entries(object)) compareValue(`${path}.${key}`, [value, valueAt(actual, key)], report)
  } else if (!sameScalar(wanted, asObject(actual)?.['enabled'] ?? actual)) report(path, wanted, actual)
}

/** Every wanted entry has its like among the actual ones, and there are no more. */
function sameSet(wanted: readonly unknown[], actual: readonly unknown[]): boolean {
  return wanted.length === actual.length && wanted.every((item) => actual.some((other) => covers(item, other)))
}

function covers(wanted: unknown, actual: unknown): boolean {
  let same = true
  compareValue('', [wanted, actual], () => {
    same = false
  })
  return same
}

function compareOrdered(path: string, [desired, current]: readonly [NetworkState, NetworkState], report: Report): void {
  const keys = path.split('.')
  const wanted = valueAt(desired, ...keys)
  if (!Array.isArray(wanted)) return
  const actual = asList(valueAt(current, ...keys))
  if (wanted.map(String).join(' ') !== actual.map(String).join(' ')) report(path, wanted, actual)
}

function compareHostname(desired: NetworkState, current: NetworkState, report: Report): void {
  for (const key of ['running', 'config']) {
    compareValue(`hostname.${key}`, [valueAt(desired, 'hostname', key), valueAt(current, 'hostname', key)], report)
  }
}

function shown(side: 'expected' | 'actual', value: unknown): Partial<Drift> {
  if (value === undefined) return {}
  return { [side]: (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 500) }
}
