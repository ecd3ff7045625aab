import type { DesiredView } from '../desired/types.ts'
import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { ObservedView } from '../observed/types.ts'
import { namespaceKey } from './kinds/plain.ts'

type Views = { readonly desired: DesiredView; readonly observed: ObservedView }

/** Owners before what they own; namespaces, at the end, are shown while something lives in them. */
const order: readonly string[] = ['Node', 'NodeNetworkConfigurationPolicy', 'VirtualMachine', 'DataVolume']

/** Every key that any status depends on. */
export function allKeys({ desired, observed }: Views): Set<ObjectKey> {
  const keys = new Set<ObjectKey>(desired.keys())
  for (const key of observed.keys()) keys.add(key)
  for (const node of observed.nodes()) keys.add(`Node//${node.name}`)
  keys.add('Namespace//default')
  return withNamespaces(keys)
}

/**
 * The keys whose status may change when these did: machines follow their volumes, policies follow the nodes, and everything on a node
 * follows its connection.
 */
export function expandTouched(views: Views, keys: Iterable<ObjectKey>, reconnected: ReadonlySet<string>): Set<ObjectKey> {
  const touched = new Set<ObjectKey>(keys)
  for (const key of touched) {
    const { kind } = parseKey(key)
    if (kind === 'DataVolume') addMachines(views, touched, key)
    if (kind === 'Node') for (const policy of views.desired.keysOf('NodeNetworkConfigurationPolicy')) touched.add(policy)
  }
  if (reconnected.size > 0) {
    for (const key of views.observed.keys()) {
      if (views.observed.get(key).some((sighting) => reconnected.has(sighting.node))) touched.add(key)
    }
  }
  return withNamespaces(touched)
}

function addMachines({ desired }: Views, touched: Set<ObjectKey>, key: ObjectKey): void {
  for (const dependent of desired.dependents(key)) touched.add(dependent)
  const owner = desired.get(key)?.ownerKey
  if (owner !== undefined) touched.add(owner)
}

function withNamespaces(keys: Set<ObjectKey>): Set<ObjectKey> {
  for (const key of keys) {
    const namespace = namespaceKey(key)
    if (namespace !== undefined) keys.add(namespace)
  }
  return keys
}

export function inOrder(keys: Iterable<ObjectKey>): ObjectKey[] {
  const groups = Map.groupBy(keys, (key) => rank(key.slice(0, key.indexOf('/'))))
  return [...groups].sort(([a], [b]) => a - b).flatMap(([, group]) => group)
}

function rank(kind: string): number {
  if (kind === 'Namespace') return order.length + 1
  return order.includes(kind) ? order.indexOf(kind) : order.length
}
