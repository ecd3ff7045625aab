import type { Change } from '../../schemas/generated/plan.ts'
import { imageKey } from '../lib/image-key.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { ObservedView } from '../observed/types.ts'
import { createdInterfaces, removedInterfaces } from './resolve/network.ts'
import { requiredBridges } from './resolve/template.ts'

/** An image that a new disk is made from. */
export type ImageNeed = {
  readonly volume: ObjectKey
  /** `kept`: the host has the download, and only asks whether it is still the newest; `download`: it fetches it. */
  readonly state: 'kept' | 'download'
  /** Of the download; absent where no host knows it yet. */
  readonly bytes?: number
}

/** A bridge that machines of a plan are plugged into. */
export type BridgeNeed = {
  readonly name: string
  readonly machines: readonly ObjectKey[]
  /** `planned`: a policy of the same plan brings it up; `removed`: one takes it away. */
  readonly state: 'present' | 'planned' | 'removed' | 'missing'
}

/** Images that the new disks of a host need, and whether it has them. Nothing is asked of any server: hosts told what they keep. */
export function imageNeeds(node: string, changes: readonly Change[], observed: ObservedView): ImageNeed[] {
  return changes.flatMap(({ steps }): ImageNeed[] => {
    const volume = steps.find(({ verb }) => verb === 'EnsureVolume')?.volume
    const source = volume?.spec.source?.http
    if (volume === undefined || source === undefined || isMade(volume.key, node, observed)) return []
    const key = imageKey(source, volume.namespace)
    const kept = observed.node(node)?.facts.images?.find((image) => image.key === key && image.pool === volume.pool.name)
    if (kept !== undefined) return [{ volume: volume.key, state: 'kept', bytes: kept.bytes }]
    const bytes = knownSize(key, observed)
    return [{ volume: volume.key, state: 'download', ...(bytes === undefined ? {} : { bytes }) }]
  })
}

/** A finished image is not made again, whatever is recorded of it. */
function isMade(key: ObjectKey, node: string, observed: ObservedView): boolean {
  return observed.get(key).some((one) => one.node === node && one.object.kind === 'DataVolume' && one.object.phase === 'Succeeded')
}

/** What another host or pool knows of the size of the same download. */
function knownSize(key: string, observed: ObservedView): number | undefined {
  for (const { facts } of observed.nodes()) {
    const known = facts.images?.find((image) => image.key === key)
    if (known !== undefined) return known.bytes
  }
  return undefined
}

/** Bridges that the machines of a host's changes name, by what the host has and what the policies of the whole plan do to it. */
export function bridgeNeeds(
  node: string,
  changes: readonly Change[],
  world: { readonly observed: ObservedView; readonly whole: readonly Change[] },
): BridgeNeed[] {
  const machines = new Map<string, ObjectKey[]>()
  for (const { key, action, steps } of changes) {
    const machine = action === 'delete' ? undefined : steps.find((step) => step.verb === 'DefineDomain')?.machine
    for (const name of machine === undefined ? [] : requiredBridges(machine.template))
      machines.set(name, [...(machines.get(name) ?? []), key])
  }
  if (machines.size === 0) return []
  const here = world.whole.filter((change) => change.node === node)
  const policies = here.flatMap(({ steps }) => steps.flatMap(({ policy }) => (policy === undefined ? [] : [policy.desiredState])))
  const removed = new Set(policies.flatMap(removedInterfaces))
  const planned = new Set(policies.flatMap(createdInterfaces))
  const present = new Set(world.observed.node(node)?.facts.interfaces.map(({ name }) => name))
  const stateOf = (name: string): BridgeNeed['state'] =>
    removed.has(name) ? 'removed' : present.has(name) ? 'present' : planned.has(name) ? 'planned' : 'missing'
  return [...machines]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, keys]) => ({ name, machines: keys, state: stateOf(name) }))
}
