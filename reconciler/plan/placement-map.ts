import type { VirtualMachineInstanceTemplateSpec } from '../../schemas/generated/virtual-machine.ts'
import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import { hostNodes, matchesSelector, type HostNode } from './nodes.ts'
import { Placer, type Placement } from './placement.ts'
import { runStrategyOf, type MachineObject } from './resolve/machine.ts'
import { createdInterfaces } from './resolve/network.ts'
import { requiredBridges, volumeKeys } from './resolve/template.ts'

type NodePolicies = { readonly interfaces: ReadonlySet<string>; readonly byInterface: ReadonlyMap<string, ObjectKey> }

/** Where things are, and where new ones go: each question is answered once in a pass. */
export class PlacementMap {
  readonly #context: PlanContext
  readonly #policies = new Map<string, NodePolicies>()
  readonly #machines = new Map<ObjectKey, Placement>()
  /** Disks that this plan creates, by the node of the machine that uses them. */
  readonly #newVolumes = new Map<ObjectKey, string>()
  #placer: Placer | undefined

  constructor(context: PlanContext) {
    this.#context = context
  }

  get nodes(): readonly HostNode[] {
    return this.#placing().nodes
  }

  /** The node of a machine that is on none yet. */
  ofMachine(desired: MachineObject): Placement {
    const known = this.#machines.get(desired.key)
    if (known !== undefined) return known
    const { template } = desired.object.spec
    const volumes = volumeKeys(parseKey(desired.key).namespace, template)
    const volumeNodes = new Map<ObjectKey, string>()
    for (const key of volumes) {
      const node = this.#volumeNode(key)
      if (node !== undefined) volumeNodes.set(key, node)
    }
    const placement = this.#placing().place({ template, runs: runStrategyOf(desired) !== 'Halted', volumeNodes })
    this.#machines.set(desired.key, placement)
    if ('node' in placement) for (const key of volumes) this.#newVolumes.set(key, placement.node.name)
    return placement
  }

  /**
   * The node of a volume that is on none yet: that of the first machine that uses it, as WaitForFirstConsumer does; without one,
   * the connected and schedulable node with the most free space.
   */
  ofVolume(key: ObjectKey, ownerKey: ObjectKey | undefined): Placement {
    const users = [...this.#context.input.desired.dependents(key)]
    if (ownerKey !== undefined && !users.includes(ownerKey)) users.push(ownerKey)
    for (const user of users.length > 1 ? users.sort() : users) {
      const placement = this.#ofUser(user)
      if (placement !== undefined) return placement
    }
    return this.#freestNode()
  }

  /** Host interfaces that desired policies bring up on a node, and the policies. */
  policiesOn(node: HostNode): NodePolicies {
    const known = this.#policies.get(node.name)
    if (known !== undefined) return known
    const byInterface = new Map<string, ObjectKey>()
    for (const key of this.#context.input.desired.keysOf('NodeNetworkConfigurationPolicy')) {
      const policy = this.#context.desired(key)
      if (policy?.kind !== 'NodeNetworkConfigurationPolicy' || !matchesSelector(node.labels, policy.object.spec?.nodeSelector)) continue
      for (const name of createdInterfaces(policy.object.spec?.desiredState)) if (!byInterface.has(name)) byInterface.set(name, key)
    }
    const policies = { byInterface, interfaces: new Set(byInterface.keys()) }
    this.#policies.set(node.name, policies)
    return policies
  }

  /** Policies that bring up the bridges which a template's networks name on this node. */
  bridgePolicies(template: VirtualMachineInstanceTemplateSpec, nodeName: string): ObjectKey[] {
    const bridges = requiredBridges(template)
    const node = bridges.length === 0 ? undefined : this.nodes.find(({ name }) => name === nodeName)
    if (node === undefined) return []
    const { byInterface } = this.policiesOn(node)
    return [...new Set(bridges.flatMap((name) => byInterface.get(name) ?? []))]
  }

  #ofUser(key: ObjectKey): Placement | undefined {
    const user = this.#context.desired(key)
    if (user?.kind !== 'VirtualMachine') return undefined
    const where = this.#context.sightings(key)[0]?.node
    const node = where === undefined ? undefined : this.nodes.find(({ name }) => name === where)
    return node === undefined ? this.ofMachine(user) : { node }
  }

  #volumeNode(key: ObjectKey): string | undefined {
    return this.#context.sightings(key)[0]?.node ?? this.#newVolumes.get(key)
  }

  #freestNode(): Placement {
    const free = ({ facts }: HostNode): number => Math.max(0, ...(facts?.pools.map(({ availableBytes }) => availableBytes) ?? []))
    const [best] = this.nodes.filter((node) => node.connected && !node.unschedulable).sort((one, other) => free(other) - free(one))
    if (best !== undefined) return { node: best }
    return { problem: `0/${this.nodes.length} nodes are available: none is connected and schedulable.` }
  }

  #placing(): Placer {
    const { desired, observed } = this.#context.input
    this.#placer ??= new Placer(hostNodes(desired, observed), observed, (node) => this.policiesOn(node).interfaces)
    return this.#placer
  }
}
