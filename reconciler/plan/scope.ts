import type { ObjectKey } from '../lib/object-key.ts'
import { parseKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import { requiredBridges } from './resolve/template.ts'
import { sharers } from './sharing.ts'
import type { VolumeUsers } from './volume-users.ts'
import { neededBy } from './waiting.ts'

const plannedKinds = ['VirtualMachine', 'DataVolume', 'NodeNetworkConfigurationPolicy'] as const
/** Kinds whose change may concern any object: policy, hosts, pools. */
const globalKinds: ReadonlySet<string> = new Set(['Fleet', 'Node', 'StorageClass'])

/**
 * The keys that a pass looks at, sorted: all, or the changed ones with what they pull in: their dependents and owners, what is in a
 * namespace (whose annotation may suspend it), machines that wait for a bridge, machines that still have a deleted disk, disks that waited
 * for a machine that is gone, what a machine waits for, machines that
 * name the same disks.
 */
export function scopeOf(context: PlanContext, users: VolumeUsers): ObjectKey[] {
  const { keys } = context.input
  if (keys === undefined) return everything(context)
  const scope = new Set<ObjectKey>()
  for (const key of keys) {
    if (globalKinds.has(parseKey(key).kind)) return everything(context)
    for (const one of pulledIn(context, users, key)) scope.add(one)
  }
  // Whether a machine waits is told by all that it needs, whatever it was pulled in by.
  for (const key of scope) if (key.startsWith('VirtualMachine/')) for (const one of neededBy(context, key)) scope.add(one)
  return [...scope].filter(isPlanned).sort()
}

function everything(context: PlanContext): ObjectKey[] {
  const scope = new Set<ObjectKey>()
  for (const kind of plannedKinds) for (const key of context.input.desired.keysOf(kind)) scope.add(key)
  for (const key of context.input.observed.keys()) if (isPlanned(key)) scope.add(key)
  return [...scope].sort()
}

function isPlanned(key: ObjectKey): boolean {
  return plannedKinds.some((kind) => key.startsWith(`${kind}/`))
}

function pulledIn(context: PlanContext, users: VolumeUsers, key: ObjectKey): ObjectKey[] {
  const { desired } = context.input
  const found = desired.get(key)
  const kind = parseKey(key).kind
  return [
    key,
    ...desired.dependents(key),
    ...(found?.ownerKey === undefined ? [] : [found.ownerKey]),
    ...(kind === 'DataVolume' && found === undefined ? users.of(key) : []),
    ...(kind === 'VirtualMachine' && found === undefined && context.sightings(key).length === 0 ? disksToGo(context) : []),
    ...(kind === 'VirtualMachine' ? sharers(context, key) : []),
    ...(kind === 'Namespace' ? inNamespace(context, parseKey(key).name) : []),
    ...(kind === 'NodeNetworkConfigurationPolicy' ? waitingForBridges(context) : []),
  ]
}

function inNamespace(context: PlanContext, name: string): ObjectKey[] {
  return everything(context).filter((key) => parseKey(key).namespace === name)
}

/** Disks that Git no longer has: they may have waited for a machine that is gone now. */
function disksToGo(context: PlanContext): ObjectKey[] {
  const waiting: ObjectKey[] = []
  for (const key of context.input.observed.keys()) {
    if (key.startsWith('DataVolume/') && context.desired(key) === undefined) waiting.push(key)
  }
  return waiting
}

/** Machines that are on no node yet and need a host bridge. */
function waitingForBridges(context: PlanContext): ObjectKey[] {
  const waiting: ObjectKey[] = []
  for (const key of context.input.desired.keysOf('VirtualMachine')) {
    if (context.sightings(key).length > 0) continue
    const machine = context.desired(key)
    if (machine?.kind === 'VirtualMachine' && requiredBridges(machine.object.spec.template).length > 0) waiting.push(key)
  }
  return waiting
}
