import type { NodeFacts } from '../../schemas/generated/observation.ts'
import type { DesiredView, PlainObject } from '../desired/types.ts'
import type { ObservedView } from '../observed/types.ts'
import { objectKey, parseKey } from '../lib/object-key.ts'

export type Taint = { readonly key: string; readonly value?: string; readonly effect: string }

/** A host as placement sees it: what Git says of it, and what its agent reported. */
export type HostNode = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  readonly connected: boolean
  /** RFC 3339 time of the agent's last message; absent where none ever came. */
  readonly seenAt?: string
  readonly facts?: NodeFacts
}

/** Kubernetes' names of architectures. */
const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', s390x: 's390x', ppc64le: 'ppc64le' }

/** Every host that Git names or an agent reports, by name. */
export function hostNodes(desired: DesiredView, observed: ObservedView): HostNode[] {
  const names = new Set<string>(observed.nodes().map(({ name }) => name))
  for (const key of desired.keysOf('Node')) names.add(parseKey(key).name)
  return [...names].sort().map((name) => hostNode(name, desired, observed))
}

function hostNode(name: string, desired: DesiredView, observed: ObservedView): HostNode {
  const declared = desired.get(objectKey('Node', '', name))
  const object = declared?.kind === 'Node' ? declared.object : undefined
  const seen = observed.node(name)
  const spec = (object?.['spec'] ?? {}) as { readonly taints?: unknown; readonly unschedulable?: unknown }
  return {
    name,
    labels: { ...factLabels(name, seen?.facts), ...labelsOf(object) },
    taints: Array.isArray(spec.taints) ? (spec.taints as Taint[]) : [],
    unschedulable: spec.unschedulable === true,
    connected: seen?.connected ?? false,
    ...(seen === undefined ? {} : { seenAt: seen.seenAt, facts: seen.facts }),
  }
}

function labelsOf(object: PlainObject | undefined): Readonly<Record<string, string>> {
  return object?.metadata.labels ?? {}
}

/** The well-known labels that a kubelet would set. */
function factLabels(name: string, facts: NodeFacts | undefined): Record<string, string> {
  const labels: Record<string, string> = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' }
  if (facts !== undefined) labels['kubernetes.io/arch'] = architectures[facts.architecture] ?? facts.architecture
  return labels
}

/** True where a node has every label of an equality selector. */
export function matchesSelector(labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value)
}
