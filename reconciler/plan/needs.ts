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

/** Bytes of downloads that some host keeps, by the digest of what they are. */
export type ImageSizes = ReadonlyMap<string, number>

/** What all hosts and pools know of the sizes of downloads; looked up once for a plan, as it may have many disks. */
export function imageSizes(observed: ObservedView): ImageSizes {
  const sizes = new Map<string, number>()
  for (const { facts } of observed.nodes()) for (const { key, bytes } of facts.images ?? []) sizes.set(key, bytes)
  return sizes
}

type ImageWorld = { readonly observed: ObservedView; readonly sizes: ImageSizes }

/** Images that the new disks of a host need, and whether it has them. Nothing is asked of any server: hosts told what they keep. */
export function imageNeeds(node: string, changes: readonly Change[], { observed, sizes }: ImageWorld): ImageNeed[] {
  const keptHere = new Map((observed.node(node)?.facts.images ?? []).map((image) => [`${image.pool}/${image.key}`, image]))
  return changes.flatMap(({ steps }): ImageNeed[] => {
    const volume = steps.find(({ verb }) => verb === 'EnsureVolume')?.volume
    const source = volume?.spec.source?.http
    if (volume === undefined || source === undefined || isMade(volume.key, node, observed)) return []
    const key = imageKey(source, volume.namespace)
    const kept = keptHere.get(`${volume.pool.name}/${key}`)
    if (kept !== undefined) return [{ volume: volume.key, state: 'kept', bytes: kept.bytes }]
    const bytes = sizes.get(key)
    return [{ volume: volume.key, state: 'download', ...(bytes === undefined ? {} : { bytes }) }]
  })
}

/** A finished image is not made again, whatever is recorded of it. */
function isMade(key: ObjectKey, node: string, observed: ObservedView): boolean {
  return observed.get(key).some((one) => one.node === node && one.object.kind === 'DataVolume' && one.object.phase === 'Succeeded')
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
