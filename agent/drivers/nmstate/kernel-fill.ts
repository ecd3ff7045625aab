import { bondOptions, bridgeOptions, bridgePortOptions, type KernelOption } from './kernel-options.ts'
import type { Link } from './links.ts'
import { asList, asObject, interfacesOf, valueAt, type Interface, type NetworkState } from './network-state.ts'

/** Arguments of one ip(8) call. */
export type IpCall = readonly string[]

type Links = ReadonlyMap<string, Link>

/**
 * What ip(8) makes before nmstatectl runs: a bond gets its mode only while it has no ports, and nmstate's kernel mode
 * knows no dummy interface. Pure. Source: ip-link(8), the kernel's bonding.rst.
 */
export function callsBefore(state: NetworkState, links: Links): readonly IpCall[] {
  return interfacesOf(state).flatMap((entry) => {
    if (entry['state'] === 'absent' || links.has(entry.name)) return []
    if (entry['type'] === 'dummy') return [['link', 'add', 'name', entry.name, 'type', 'dummy']]
    if (entry['type'] !== 'bond') return []
    const mode = valueAt(entry, 'link-aggregation', 'mode')
    return [
      ['link', 'add', 'name', entry.name, 'type', 'bond', ...(mode === undefined ? [] : ['mode', word(mode)]), ...bondArguments(entry)],
    ]
  })
}

/** What ip(8) sets after nmstatectl: MTU, bridge, port and bond options, no IPv6, link down. Pure; every call is idempotent. */
export function callsAfter(state: NetworkState): readonly IpCall[] {
  const present = interfacesOf(state).filter((entry) => entry['state'] !== 'absent')
  return [
    ...present.flatMap((entry) => optionCalls(entry)),
    ...present.flatMap((entry) => (entry['mtu'] === undefined ? [] : [['link', 'set', 'dev', entry.name, 'mtu', word(entry['mtu'])]])),
    ...present.flatMap((entry) => (valueAt(entry, 'ipv6', 'enabled') === false ? withoutIpv6(entry.name) : [])),
    ...present.flatMap((entry) => (entry['state'] === 'down' ? [['link', 'set', 'dev', entry.name, 'down']] : [])),
  ]
}

function optionCalls(entry: Interface): readonly IpCall[] {
  const bridge = Object.entries(bridgeOptions).flatMap(([path, option]) =>
    argument(option, valueAt(entry, 'bridge', 'options', ...path.split('.'))),
  )
  const bond = entry['type'] === 'bond' ? bondArguments(entry) : []
  return [
    ...(bridge.length === 0 ? [] : [['link', 'set', 'dev', entry.name, 'type', 'bridge', ...bridge]]),
    ...(bond.length === 0 ? [] : [['link', 'set', 'dev', entry.name, 'type', 'bond', ...bond]]),
    ...asList(valueAt(entry, 'bridge', 'port')).flatMap((port) => portCalls(port)),
  ]
}

function portCalls(port: unknown): readonly IpCall[] {
  const settings = Object.entries(bridgePortOptions).flatMap(([key, option]) => argument(option, valueAt(port, key)))
  return settings.length === 0 ? [] : [['link', 'set', 'dev', word(valueAt(port, 'name')), 'type', 'bridge_slave', ...settings]]
}

function bondArguments(entry: Interface): readonly string[] {
  const options = Object.entries(asObject(valueAt(entry, 'link-aggregation', 'options')) ?? {})
  return options.flatMap(([key, value]) => (bondOptions.has(key) ? [key, word(value)] : []))
}

/** addrgenmode none keeps the kernel from giving a link-local address again. Source: ip-link(8). */
function withoutIpv6(name: string): readonly IpCall[] {
  return [
    ['link', 'set', 'dev', name, 'addrgenmode', 'none'],
    ['-6', 'addr', 'flush', 'dev', name],
  ]
}

function argument(option: KernelOption, value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  if (option.onOff) return [option.name, ['1', 'true'].includes(word(value)) ? 'on' : 'off']
  return [option.name, option.scale === undefined ? word(value) : String(Number(value) * option.scale)]
}

/** One argument of ip(8): booleans as 1 and 0. */
function word(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return Array.isArray(value) ? value.map((item) => word(item)).join(',') : String(value)
}
