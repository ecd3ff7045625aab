/** nmstate's state document as plain JSON. Source: nmstate's YAML API (nmstate.io/devel/yaml_api.html). */
export type NetworkState = { readonly [field: string]: unknown }

/** One entry of `interfaces`; `name` is always a string. */
export type Interface = { readonly name: string; readonly [field: string]: unknown }

/** A linux interface name that is safe as an argument of ip(8): 1 to 15 printable ASCII characters, no `/`, `:`, blank or leading dash. */
export const interfaceName = /^(?!-)(?!\.{1,2}$)[!-.0-9;-~]{1,15}$/

/** The value as an object, or undefined for lists, scalars and null. */
export function asObject(value: unknown): NetworkState | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as NetworkState) : undefined
}

/** The value as a list; anything else is empty. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value at a path of object keys. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value
  for (const key of path) current = asObject(current)?.[key]
  return current
}

/** The interfaces of a state that carry a name. */
export function interfacesOf(state: NetworkState): readonly Interface[] {
  return asList(state['interfaces']).filter((entry): entry is Interface => typeof valueAt(entry, 'name') === 'string')
}

export function findInterface(state: NetworkState, name: string): Interface | undefined {
  return interfacesOf(state).find((entry) => entry.name === name)
}

/** Names of the ports that a controller lists (bridge or bond), or undefined where it lists none and so leaves them as they are. */
export function portsOf(entry: NetworkState): readonly string[] | undefined {
  const ports = valueAt(entry, 'bridge', 'port') ?? valueAt(entry, 'link-aggregation', 'port') ?? valueAt(entry, 'vrf', 'port')
  if (!Array.isArray(ports)) return undefined
  return ports.map((port) => (typeof port === 'string' ? port : valueAt(port, 'name'))).filter((name) => typeof name === 'string')
}

/** A copy without the named keys. */
export function omit<T extends NetworkState>(object: T, ...keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key))) as T
}
