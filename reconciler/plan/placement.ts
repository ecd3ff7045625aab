import type { VirtualMachineInstanceTemplateSpec } from '../../schemas/generated/virtual-machine.ts'
import type { Demand, ObservedView } from '../observed/types.ts'
import { keyText, type ObjectKey } from '../lib/object-key.ts'
import { formatBytes } from '../lib/quantity.ts'
import { briefOfSighting } from './brief.ts'
import { matchesNodeSelector, untoleratedTaint } from './affinity.ts'
import { matchesSelector, type HostNode } from './nodes.ts'
import { demandOf, requiredBridges } from './resolve/template.ts'

/** A node for a machine, or why none fits. */
export type Placement = { readonly node: HostNode } | { readonly problem: string }

export type PlacementRequest = {
  readonly template: VirtualMachineInstanceTemplateSpec
  /** False for a machine that does not run: it takes no memory. */
  readonly runs: boolean
  /** Node that holds its disks, by volume key. */
  readonly volumeNodes: ReadonlyMap<ObjectKey, string>
}

/** Keeps account of what is placed, so that one plan does not give the same memory away twice. */
export class Placer {
  readonly nodes: readonly HostNode[]
  readonly #observed: ObservedView
  /** Host interfaces that desired policies bring up on a node. */
  readonly #plannedInterfaces: (node: HostNode) => ReadonlySet<string>
  #used: Map<string, Demand> | undefined

  constructor(nodes: readonly HostNode[], observed: ObservedView, plannedInterfaces: (node: HostNode) => ReadonlySet<string>) {
    this.nodes = nodes
    this.#observed = observed
    this.#plannedInterfaces = plannedInterfaces
  }

  /** The node with the most memory left among those that fit; the first by name where equal. */
  place(request: PlacementRequest): Placement {
    const demand = request.runs ? demandOf(request.template) : { memoryBytes: 0, cpus: 0 }
    const reasons: string[] = []
    let best: { readonly node: HostNode; readonly free: number } | undefined
    for (const node of this.nodes) {
      const reason = this.#obstacle(node, request, demand)
      if (reason !== undefined) {
        reasons.push(`${node.name}: ${reason}`)
        continue
      }
      const free = freeShare(node, this.#usedOn(node.name))
      if (best === undefined || free > best.free) best = { node, free }
    }
    if (best === undefined) return { problem: unschedulable(this.nodes.length, reasons) }
    this.#take(best.node.name, demand)
    return { node: best.node }
  }

  /** Why a node does not fit; undefined where it does. */
  #obstacle(node: HostNode, request: PlacementRequest, demand: Demand): string | undefined {
    return policyObstacle(node, request) ?? this.#bridgeObstacle(node, request) ?? this.#capacityObstacle(node, demand)
  }

  #bridgeObstacle(node: HostNode, request: PlacementRequest): string | undefined {
    const bridges = requiredBridges(request.template)
    if (bridges.length === 0) return undefined
    const present = new Set(node.facts?.interfaces.map(({ name }) => name))
    const planned = this.#plannedInterfaces(node)
    const missing = bridges.filter((name) => !present.has(name) && !planned.has(name))
    if (missing.length === 0) return undefined
    return `has no bridge ${missing.join(', ')}, and no NodeNetworkConfigurationPolicy creates it there`
  }

  #capacityObstacle(node: HostNode, demand: Demand): string | undefined {
    if (node.facts === undefined) return undefined
    const used = this.#usedOn(node.name)
    const memory = node.facts.memoryBytes - used.memoryBytes
    if (demand.memoryBytes > memory) {
      return `insufficient memory (needs ${formatBytes(demand.memoryBytes)}, ${formatBytes(Math.max(0, memory))} of ${formatBytes(node.facts.memoryBytes)} is free)`
    }
    const cpus = node.facts.cpus - used.cpus
    if (demand.cpus > cpus) return `insufficient cpu (needs ${round(demand.cpus)}, ${round(cpus)} of ${node.facts.cpus} is free)`
    return undefined
  }

  #take(name: string, demand: Demand): void {
    const used = this.#usedOn(name)
    this.#usage().set(name, { memoryBytes: used.memoryBytes + demand.memoryBytes, cpus: used.cpus + demand.cpus })
  }

  #usedOn(name: string): Demand {
    return this.#usage().get(name) ?? { memoryBytes: 0, cpus: 0 }
  }

  /** What is applied and may run, summed up by node. */
  #usage(): Map<string, Demand> {
    this.#used ??= usageOf(this.#observed)
    return this.#used
  }
}

/** What machines that may run ask of a node, as applied. */
export function nodeDemand(observed: ObservedView, node: string): Demand {
  return usageOf(observed).get(node) ?? { memoryBytes: 0, cpus: 0 }
}

function usageOf(observed: ObservedView): Map<string, Demand> {
  const used = new Map<string, Demand>()
  for (const key of observed.keys()) {
    if (!key.startsWith('VirtualMachine/')) continue
    for (const sighting of observed.get(key)) {
      const demand = briefOfSighting(sighting)?.demand
      if (demand === undefined) continue
      const before = used.get(sighting.node) ?? { memoryBytes: 0, cpus: 0 }
      used.set(sighting.node, { memoryBytes: before.memoryBytes + demand.memoryBytes, cpus: before.cpus + demand.cpus })
    }
  }
  return used
}

function policyObstacle(node: HostNode, { template, volumeNodes }: PlacementRequest): string | undefined {
  const spec = template.spec
  if (!node.connected) return 'its agent is not connected'
  if (node.unschedulable) return 'is unschedulable (spec.unschedulable in Git)'
  if (!matchesSelector(node.labels, spec?.nodeSelector)) return "didn't match the machine's nodeSelector"
  if (!matchesNodeSelector(node, spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution)) {
    return "didn't match the machine's required node affinity"
  }
  const taint = untoleratedTaint(node.taints, spec?.tolerations ?? [])
  if (taint !== undefined) return `had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  const architecture = node.labels['kubernetes.io/arch']
  if (spec?.architecture !== undefined && architecture !== undefined && spec.architecture !== architecture) {
    return `is ${architecture}, the machine is ${spec.architecture}`
  }
  for (const [key, where] of volumeNodes) if (where !== node.name) return `its disk ${keyText(key)} lies on ${where}`
  return undefined
}

/** Free memory in thousandths, so that a few bytes do not decide. */
function freeShare(node: HostNode, used: Demand): number {
  const total = node.facts?.memoryBytes ?? 0
  return total === 0 ? 0 : Math.floor(((total - used.memoryBytes) / total) * 1000)
}

function round(cpus: number): number {
  return Math.round(cpus * 100) / 100
}

/** kube-scheduler's sentence, with the reason per node. */
function unschedulable(total: number, reasons: readonly string[]): string {
  if (total === 0) return '0/0 nodes are available: no agent has connected and Git has no Node.'
  return `0/${total} nodes are available: ${reasons.join('; ')}.`
}
