import type { IpCall } from './kernel-fill.ts'
import type { Link } from './links.ts'
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
import type { Before } from './transaction.ts'

type Links = ReadonlyMap<string, Link>

/** Names of all interfaces that a state touches: those it names, their ports now and then, bases, peers and controllers. Pure. */
export function touchedNames(state: NetworkState, current: NetworkState): readonly string[] {
  const named = interfacesOf(state)
  const both = [...named, ...named.flatMap((entry) => findInterface(current, entry.name) ?? [])]
  const related = both.flatMap((entry) => [...(portsOf(entry) ?? []), valueAt(entry, 'veth', 'peer'), entry['controller']])
  const routed = asList(valueAt(state, 'routes', 'config')).map((route) => valueAt(route, 'next-hop-interface'))
  const names = [...named.map((entry) => entry.name), ...related, ...routed]
  // What stands on a touched interface (VLANs, its controller) goes away with it.
  const base = interfacesOf(current)
    .filter((entry) => names.includes(String(valueAt(entry, 'vlan', 'base-iface'))))
    .map((entry) => entry.name)
  return [...new Set([...names, ...base])].filter((name): name is string => typeof name === 'string' && name !== '')
}

/** The snapshot of what a state is about to touch. Pure. */
export function snapshot(state: NetworkState, current: NetworkState, links: Links): Before {
  const names = touchedNames(state, current)
  const interfaces = interfacesOf(current).filter((entry) => names.includes(entry.name))
  const config = asList(valueAt(current, 'routes', 'config')).filter((route) =>
    names.includes(String(valueAt(route, 'next-hop-interface'))),
  )
  return {
    state: { interfaces: interfaces.filter((entry) => !isOthers(entry)).map((entry) => restorable(entry, current)), routes: { config } },
    links: names.flatMap((name) => links.get(name) ?? []),
    missing: names.filter((name) => !links.has(name)),
  }
}

/** The way back: first `remove`, then `recreate`, then nmstatectl with `state`, then `settle`. Pure. */
export type Inverse = { readonly remove: readonly IpCall[]; readonly state: NetworkState; readonly settle: readonly IpCall[] }

/**
 * What undoes a change in kernel mode: deletes only interfaces that did not exist before it began, and gives the others
 * their controller, MTU, addresses, routes and administrative state back.
 */
export function inverseOf(before: Before, now: NetworkState, links: Links): Inverse {
  const created = before.missing.filter((name) => links.has(name))
  const routes = [...removedRoutes(before, now), ...asList(valueAt(before.state, 'routes', 'config'))]
  return {
    remove: created.map((name) => ['link', 'delete', 'dev', name]),
    state: { interfaces: interfacesOf(before.state), routes: { config: routes } },
    settle: before.links.flatMap((link) => settle(link)),
  }
}

/** Routes of existing interfaces that were not there before. */
function removedRoutes(before: Before, now: NetworkState): readonly unknown[] {
  const known = asList(valueAt(before.state, 'routes', 'config')).map((route) => JSON.stringify(route))
  const kept = before.links.map((link) => link.name)
  return asList(valueAt(now, 'routes', 'config'))
    .filter((route) => kept.includes(String(valueAt(route, 'next-hop-interface'))) && !known.includes(JSON.stringify(route)))
    .map((route) => ({ ...asObject(route), state: 'absent' }))
}

function settle(link: Link): readonly IpCall[] {
  return [
    ...(link.mtu > 0 ? [['link', 'set', 'dev', link.name, 'mtu', String(link.mtu)]] : []),
    ['link', 'set', 'dev', link.name, ...(link.controller === undefined ? ['nomaster'] : ['master', link.controller])],
    ['link', 'set', 'dev', link.name, link.up ? 'up' : 'down'],
  ]
}

/** Guests' taps and the like: nmstate leaves them alone, ip(8) puts them back on their bridge. */
function isOthers(entry: Interface): boolean {
  return entry['state'] === 'ignore' || entry['type'] === 'tun'
}

/** The fields of nmstate's report that it also takes, without what the kernel gives by itself. */
function restorable(entry: Interface, current: NetworkState): Interface {
  const kept = ['name', 'type', 'mac-address', 'mtu', 'controller', 'bridge', 'link-aggregation', 'vlan', 'veth', 'ipv4', 'ipv6']
  const fields = Object.fromEntries(Object.entries(entry).filter(([key]) => kept.includes(key)))
  for (const family of ['ipv4', 'ipv6']) {
    // nmstate allows no addresses on a port, not even the kernel's own.
    if (typeof entry['controller'] === 'string') delete fields[family]
    else if (family in fields) fields[family] = restorableAddresses(fields[family])
  }
  const bridge = asObject(fields['bridge'])
  if (bridge !== undefined) fields['bridge'] = { ...bridge, port: ownPorts(bridge, current) }
  return { ...fields, name: entry.name, state: 'up' }
}

function ownPorts(bridge: NetworkState, current: NetworkState): readonly unknown[] {
  return asList(bridge['port']).filter((port) => {
    const entry = findInterface(current, String(valueAt(port, 'name')))
    return entry !== undefined && !isOthers(entry)
  })
}

function restorableAddresses(value: unknown): unknown {
  const family = asObject(value) ?? {}
  const address = asList(family['address']).map((entry) => omit(asObject(entry) ?? {}, 'protocol', 'mptcp-flags'))
  return { enabled: family['enabled'] === true, ...(family['enabled'] === true ? { address } : {}) }
}
