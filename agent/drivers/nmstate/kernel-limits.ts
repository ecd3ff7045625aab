import { bondOptions, bridgeOptions, bridgePortOptions } from './kernel-options.ts'
import { asList, asObject, interfacesOf, omit, valueAt, type Interface, type NetworkState } from './network-state.ts'

/** What kernel mode does with a desired state. */
export type KernelShare = {
  /** The part that is applied, and that drift is looked for in. */
  readonly state: NetworkState
  /** What is asked for and left undone, as `path: reason`. */
  readonly limits: readonly string[]
  /** What makes the whole policy impossible in this mode. */
  readonly refusals: readonly string[]
}

type Tell = (path: string, reason: string) => void

const needsManager = 'needs NetworkManager'

/** Types that this mode creates; `ethernet` and `loopback` exist already or not at all. */
const creatable = new Set(['linux-bridge', 'bond', 'veth', 'vlan', 'dummy', 'ethernet', 'loopback', 'unknown'])

const interfaceFields = new Set([
  'name',
  'type',
  'state',
  'identifier',
  'mac-address',
  'copy-mac-from',
  'controller',
  'mtu',
  'alt-names',
  'ipv4',
  'ipv6',
  'bridge',
  'link-aggregation',
  'vlan',
  'veth',
])

/**
 * Splits a desired state into what `nmstatectl apply --kernel` and ip(8) do together, and what remains undone.
 * Pure. Source: nmstate 2.2 sends the kernel type, controller, MAC, static addresses, VLAN id, veth peer and routes only;
 * MTU, link down, bond and bridge options are filled in by ip-link(8).
 */
export function shareForKernel(desired: NetworkState): KernelShare {
  const limits: string[] = []
  const refusals: string[] = []
  const tell: Tell = (path, reason) => limits.push(`${path}: ${reason}`)
  const interfaces = interfacesOf(desired).map((entry) => {
    if (isImpossible(entry)) refusals.push(`interfaces[${entry.name}].type: kernel mode cannot make a "${String(entry['type'])}" interface`)
    return shareOfInterface(entry, tell)
  })
  const routes = shareOfRoutes(desired, tell)
  for (const key of Object.keys(desired)) tellSection(key, desired, tell)
  if (limits.length > 0 || interfaces.length > 0 || routes !== undefined)
    tell('persistence', 'settings do not outlive a reboot; then they are drift and applied again')
  return { state: { interfaces, ...(routes === undefined ? {} : { routes }) }, limits, refusals }
}

function isImpossible(entry: Interface): boolean {
  const type = entry['type']
  return typeof type === 'string' && entry['state'] !== 'absent' && !creatable.has(type)
}

function shareOfInterface(entry: Interface, tell: Tell): Interface {
  const path = `interfaces[${entry.name}]`
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(entry)) {
    if (!interfaceFields.has(key)) tell(`${path}.${key}`, 'not set in kernel mode')
    else kept[key] = value
  }
  for (const family of ['ipv4', 'ipv6']) shareOfAddresses(kept, family, (key, reason) => tell(`${path}.${family}.${key}`, reason))
  if ('bridge' in kept) kept['bridge'] = shareOfBridge(kept['bridge'], (key, reason) => tell(`${path}.bridge.${key}`, reason))
  const bond = asObject(kept['link-aggregation'])
  if (bond !== undefined) kept['link-aggregation'] = shareOfBond(bond, (key, reason) => tell(`${path}.link-aggregation.${key}`, reason))
  if ('vlan' in kept)
    kept['vlan'] = keep(kept['vlan'], ['id', 'base-iface'], (key) => tell(`${path}.vlan.${key}`, 'not set in kernel mode'))
  return { ...kept, name: entry.name }
}

function shareOfAddresses(kept: Record<string, unknown>, family: string, tell: Tell): void {
  const wanted = asObject(kept[family])
  if (wanted === undefined) return
  const dynamic = ['dhcp', 'autoconf'].filter((key) => wanted[key] === true)
  for (const key of dynamic) tell(key, `is not started in kernel mode; ${needsManager}`)
  // What else stands beside dhcp only tunes it.
  const ignored = dynamic.length > 0 ? () => undefined : (key: string) => tell(key, 'not set in kernel mode')
  if (dynamic.length > 0 && asList(wanted['address']).length === 0) delete kept[family]
  else kept[family] = keep(omit(wanted, 'dhcp', 'autoconf'), ['enabled', 'address'], ignored)
}

function shareOfBridge(value: unknown, tell: Tell): unknown {
  const bridge = asObject(value) ?? {}
  const options = keepOptions(bridge['options'], bridgeOptions, (key) => tell(`options.${key}`, 'not set in kernel mode'))
  const ports = asList(bridge['port']).map((port) => {
    const path = `port[${String(valueAt(port, 'name'))}]`
    return keep(port, ['name', ...Object.keys(bridgePortOptions)], (key) => tell(`${path}.${key}`, 'not set in kernel mode'))
  })
  return { ...(options === undefined ? {} : { options }), ...(Array.isArray(bridge['port']) ? { port: ports } : {}) }
}

function shareOfBond(bond: NetworkState, tell: Tell): NetworkState {
  const unknown = (key: string): void => tell(`options.${key}`, 'not set in kernel mode')
  const options = bond['options'] === undefined ? undefined : keep(bond['options'], [...bondOptions], unknown)
  const kept = keep(omit(bond, 'options'), ['mode', 'port'], (key) => tell(key, 'not set in kernel mode'))
  return { ...asObject(kept), ...(options === undefined ? {} : { options }) }
}

function keepOptions(value: unknown, known: Readonly<Record<string, unknown>>, tell: (path: string) => void): NetworkState | undefined {
  const options = asObject(value)
  if (options === undefined) return undefined
  const kept: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(options)) {
    const nested = asObject(field)
    if (nested === undefined && key in known) kept[key] = field
    else if (nested === undefined) tell(key)
    else
      kept[key] = keep(
        nested,
        Object.keys(known).flatMap((path) => (path.startsWith(`${key}.`) ? [path.slice(key.length + 1)] : [])),
        (inner) => tell(`${key}.${inner}`),
      )
  }
  return kept
}

function keep(value: unknown, keys: readonly string[], drop: (key: string) => void): unknown {
  const object = asObject(value)
  if (object === undefined) return value
  for (const key of Object.keys(object)) if (!keys.includes(key)) drop(key)
  return Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)))
}

function shareOfRoutes(desired: NetworkState, tell: Tell): NetworkState | undefined {
  const config = asList(valueAt(desired, 'routes', 'config'))
  if (config.length === 0) return undefined
  const kept = config.filter((route) => {
    if (valueAt(route, 'weight') === undefined) return true
    tell(`routes.config[${String(valueAt(route, 'destination'))}]`, `equal-cost paths (weight) are not set in kernel mode; ${needsManager}`)
    return false
  })
  return { config: kept }
}

const sections: Readonly<Record<string, string>> = {
  'dns-resolver': `not applied in kernel mode, because it would overwrite /etc/resolv.conf; ${needsManager}`,
  'route-rules': `not applied in kernel mode; ${needsManager}`,
  hostname: `not applied in kernel mode; ${needsManager}`,
  'ovs-db': `not applied in kernel mode; ${needsManager}`,
  ovn: `not applied in kernel mode; ${needsManager}`,
}

function tellSection(key: string, desired: NetworkState, tell: Tell): void {
  const reason = sections[key]
  const value = desired[key]
  const empty = value === null || value === undefined || JSON.stringify(value) === '{}' || JSON.stringify(value) === '{"config":[]}'
  if (reason !== undefined && !empty) tell(key, reason)
}
