import type { Change, MachineSpec, Plan } from '../../schemas/generated/plan.ts'
import type { Demand, ObservedView } from '../observed/types.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { bridgeNeeds, imageNeeds, imageSizes, type BridgeNeed, type ImageNeed, type ImageSizes } from './needs.ts'
import { nodeDemand } from './placement.ts'
import { demandOf } from './resolve/template.ts'

/** What carrying out all of a plan means to one host. Sizes are bytes. */
export type NodeImpact = {
  readonly node: string
  /** Guests that stop and start again, and those that only stop or only start. */
  readonly restarts: readonly ObjectKey[]
  readonly stops: readonly ObjectKey[]
  readonly starts: readonly ObjectKey[]
  /** Memory and CPUs that machines which may run ask for. */
  readonly before: Demand
  readonly after: Demand
  /** What the host has; absent where no agent told. */
  readonly capacity?: Demand
  /** Pools that new or grown disks need room in; a sparse disk takes it only as its guest writes. */
  readonly pools: readonly { readonly name: string; readonly neededBytes: number; readonly availableBytes?: number }[]
  /** Allocated bytes of disks that go into quarantine: they come free when it ends. */
  readonly quarantinedBytes: number
  readonly networks: readonly ObjectKey[]
  /** Images that new disks are made from. */
  readonly images: readonly ImageNeed[]
  /** Bridges that machines which are made or changed are plugged into. */
  readonly bridges: readonly BridgeNeed[]
}

type Impacting = Pick<Plan, 'changes'> & { readonly whole?: readonly Change[] }
type World = { readonly observed: ObservedView; readonly whole: readonly Change[]; readonly sizes: ImageSizes }

/**
 * The impact of changes on each host that they touch, by name. Counts what gates hold back too: it would happen once they open.
 * `whole` are all changes of the plan, where these are only some of them.
 */
export function impactOf({ changes, whole = changes }: Impacting, observed: ObservedView): NodeImpact[] {
  const byNode = Map.groupBy(
    changes.filter(({ node }) => node !== ''),
    ({ node }) => node,
  )
  const world = { observed, whole, sizes: imageSizes(observed) }
  return [...byNode].sort(([one], [other]) => (one < other ? -1 : 1)).map(([node, own]) => nodeImpact(node, own, world))
}

function nodeImpact(node: string, changes: readonly Change[], world: World): NodeImpact {
  const { observed } = world
  const facts = observed.node(node)?.facts
  const verbs = (verb: string): ObjectKey[] => changes.filter(({ steps }) => steps.some((step) => step.verb === verb)).map(({ key }) => key)
  const restarts = new Set(verbs('RestartDomain'))
  const stops = verbs('StopDomain').filter((key) => !restarts.has(key))
  const starts = verbs('StartDomain').filter((key) => !restarts.has(key))
  const both = new Set(stops).intersection(new Set(starts))
  const before = nodeDemand(observed, node)
  return {
    node,
    restarts: [...restarts, ...both],
    stops: stops.filter((key) => !both.has(key)),
    starts: starts.filter((key) => !both.has(key)),
    before,
    after: changes.reduce((sum, change) => add(sum, demandChange(change, node, observed)), before),
    ...(facts === undefined ? {} : { capacity: { memoryBytes: facts.memoryBytes, cpus: facts.cpus } }),
    pools: poolNeeds(node, changes, observed),
    quarantinedBytes: quarantined(node, changes, observed),
    networks: changes.filter(({ steps }) => steps.some(({ phase }) => phase === 'network')).map(({ key }) => key),
    images: imageNeeds(node, changes, world),
    bridges: bridgeNeeds(node, changes, world),
  }
}

const nothing: Demand = { memoryBytes: 0, cpus: 0 }

function add(one: Demand, other: Demand, sign = 1): Demand {
  return { memoryBytes: one.memoryBytes + sign * other.memoryBytes, cpus: one.cpus + sign * other.cpus }
}

function demandChange(change: Change, node: string, observed: ObservedView): Demand {
  if (!change.key.startsWith('VirtualMachine/')) return nothing
  const applied = sighting(change.key, node, observed)
  const before = applied?.kind === 'VirtualMachine' ? demandOfMachine(applied.applied) : nothing
  if (change.action === 'delete') return add(nothing, before, -1)
  const machine = change.steps.find((step) => step.machine !== undefined)?.machine
  return machine === undefined ? nothing : add(demandOfMachine(machine), before, -1)
}

function demandOfMachine(machine: MachineSpec | undefined): Demand {
  return machine === undefined || machine.runStrategy === 'Halted' ? nothing : demandOf(machine.template)
}

function sighting(key: ObjectKey, node: string, observed: ObservedView): ReturnType<ObservedView['get']>[number]['object'] | undefined {
  return observed.get(key).find((one) => one.node === node)?.object
}

function poolNeeds(node: string, changes: readonly Change[], observed: ObservedView): NodeImpact['pools'] {
  const needs = new Map<string, number>()
  for (const { key, steps } of changes) {
    const volume = steps.find(({ verb }) => verb === 'EnsureVolume' || verb === 'ResizeVolume')?.volume
    if (volume === undefined) continue
    const seen = sighting(key, node, observed)
    const before = seen?.kind === 'DataVolume' && seen.quarantined === undefined ? (seen.applied?.sizeBytes ?? 0) : 0
    needs.set(volume.pool.name, (needs.get(volume.pool.name) ?? 0) + Math.max(0, volume.sizeBytes - before))
  }
  const pools = observed.node(node)?.facts.pools ?? []
  return [...needs]
    .filter(([, bytes]) => bytes > 0)
    .map(([name, neededBytes]) => {
      const known = pools.find((pool) => pool.name === name)
      return { name, neededBytes, ...(known === undefined ? {} : { availableBytes: known.availableBytes }) }
    })
}

function quarantined(node: string, changes: readonly Change[], observed: ObservedView): number {
  return changes
    .filter(({ steps }) => steps.some(({ verb }) => verb === 'QuarantineVolume'))
    .reduce((sum, { key }) => {
      const seen = sighting(key, node, observed)
      return sum + (seen?.kind === 'DataVolume' ? (seen.allocatedBytes ?? 0) : 0)
    }, 0)
}
