import type { JsonObject } from './json.ts'
import { isObject, listAt, renameKey, textAt } from './json.ts'

export type TranslatedState = {
  readonly desiredState: JsonObject
  /** What was renamed, in words, one line each; empty where nothing was. */
  readonly translated: readonly string[]
}

/** Keys that hold a list of ports, by the section of an interface they stand in. */
const portSections = ['link-aggregation', 'bridge', 'vrf', 'ovs-bridge'] as const

/**
 * Renames the keys that nmstate dropped: `slaves` (ports of a bond, bridge or VRF) to `port`, an interface's `master` to
 * `controller`. Bond options such as all_slaves_active are the kernel's names and stay. An object that has the old and the new key
 * is left as it is, for validation and nmstate to refuse. Pure; the same state comes back where there is nothing to rename.
 *
 * Source: nmstate's rename of the words in 1.0; nmstate refuses the old ones since.
 */
export function translateNetworkState(desiredState: JsonObject): TranslatedState {
  const translated: string[] = []
  const interfaces = desiredState['interfaces']
  // A capture expression stands as text.
  if (!Array.isArray(interfaces)) return { desiredState, translated }
  const renamed = interfaces.map((entry: unknown) => (isObject(entry) ? translateInterface(entry, translated) : entry))
  return translated.length === 0 ? { desiredState, translated } : { desiredState: { ...desiredState, interfaces: renamed }, translated }
}

function translateInterface(entry: JsonObject, translated: string[]): JsonObject {
  const where = `interface ${textAt(entry, 'name') ?? '(without a name)'}`
  let result = rename({ object: entry, from: 'master', to: 'controller', where }, translated)
  for (const section of portSections) {
    const value = result[section]
    if (isObject(value)) result = { ...result, [section]: translatePorts(value, `${where}: ${section}`, translated) }
  }
  return result
}

function translatePorts(section: JsonObject, where: string, translated: string[]): JsonObject {
  const result = rename({ object: section, from: 'slaves', to: 'port', where }, translated)
  const ports = listAt(result, 'port')
  if (!ports.some((port) => isObject(port) && isObject(port['link-aggregation']))) return result
  return { ...result, port: ports.map((port) => translateBridgedBond(port, where, translated)) }
}

/** An Open vSwitch bridge may hold a bond as one of its ports. */
function translateBridgedBond(port: unknown, where: string, translated: string[]): unknown {
  if (!isObject(port) || !isObject(port['link-aggregation'])) return port
  const bond = rename({ object: port['link-aggregation'], from: 'slaves', to: 'port', where: `${where} bond` }, translated)
  return { ...port, 'link-aggregation': bond }
}

type Rename = { readonly object: JsonObject; readonly from: string; readonly to: string; readonly where: string }

function rename({ object, from, to, where }: Rename, translated: string[]): JsonObject {
  if (!Object.hasOwn(object, from) || Object.hasOwn(object, to)) return object
  translated.push(`${where}: ${from} was renamed to ${to}, as nmstate calls it today.`)
  return renameKey(object, from, to)
}
