import type { NodeFacts } from '../../../schemas/generated/observation.ts'
import type { PlainObject } from '../../desired/types.ts'
import { digestOf } from '../../lib/digest.ts'
import type { ObservedNode } from '../../observed/types.ts'
import type { Draft } from '../api-object.ts'
import { commonConditions, condition, suspended } from '../common-conditions.ts'
import type { Subject, World } from '../subject.ts'
import { metadataOf } from './draft-metadata.ts'

/** Labels that Kubernetes puts on every node (well-known labels), and those that Git declares, which win. */
export function nodeLabels(world: World, name: string): Record<string, string> {
  const facts = world.observed.node(name)?.facts
  const declared = world.desired.get(`Node//${name}`)?.object.metadata.labels
  return {
    'kubernetes.io/hostname': facts?.hostname ?? name,
    'kubernetes.io/os': 'linux',
    ...(facts === undefined ? {} : { 'kubernetes.io/arch': goArchitecture(facts.architecture) }),
    ...declared,
  }
}

/** A host: what Git declares of it and what its agent told. */
export function node(subject: Subject): Draft | undefined {
  const seen = subject.world.observed.node(subject.name)
  const declared = subject.desired?.kind === 'Node' ? subject.desired.object : undefined
  if (seen === undefined && declared === undefined) return undefined
  const spec = specOf(declared)
  return {
    apiVersion: 'v1',
    kind: 'Node',
    ...metadataOf(subject),
    labels: nodeLabels(subject.world, subject.name),
    deleting: false,
    specDigest: digestOf(spec),
    settled: true,
    fields: { spec },
    conditions: [...readiness(seen), ...(declared === undefined ? suspended(subject) : commonConditions(subject))],
    status: ({ conditions }) => ({ conditions, ...(seen === undefined ? {} : factsStatus(subject.name, seen.facts)) }),
    marks: { ready: String(seen?.connected ?? false), known: String(seen !== undefined) },
  }
}

function specOf(declared: PlainObject | undefined): Record<string, unknown> {
  const spec = (declared?.['spec'] ?? {}) as Record<string, unknown>
  const taints = Array.isArray(spec['taints']) ? (spec['taints'] as unknown[]) : []
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
  const all = spec['unschedulable'] === true ? [...taints, cordon] : taints
  return { ...spec, ...(all.length === 0 ? {} : { taints: all }) }
}

function readiness(seen: ObservedNode | undefined): Draft['conditions'] {
  if (seen === undefined) return [condition('Ready', 'Unknown', ['NodeStatusNeverUpdated', 'No agent of this name has connected yet.'])]
  if (!seen.connected) return [condition('Ready', 'Unknown', ['NodeStatusUnknown', 'The agent is not connected; guests go on without it.'])]
  return [condition('Ready', 'True', ['AgentReady', 'The agent is connected.'])]
}

function factsStatus(name: string, facts: NodeFacts): Record<string, unknown> {
  const capacity = {
    cpu: String(facts.cpus),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    'devices.kubevirt.io/kvm': facts.accelerator === 'kvm' ? '1k' : '0',
  }
  return { capacity, allocatable: capacity, addresses: addressesOf(name, facts), nodeInfo: nodeInfo(facts) }
}

function nodeInfo({ architecture, versions }: NodeFacts): Record<string, string> {
  return {
    architecture: goArchitecture(architecture),
    operatingSystem: 'linux',
    kernelVersion: versions['kernel'] ?? '',
    osImage: versions['os'] ?? 'Linux',
    kubeletVersion: `gitvirt-${versions['gitvirt'] ?? 'unknown'}`,
    kubeProxyVersion: '',
    containerRuntimeVersion: `libvirt://${versions['libvirt'] ?? 'unknown'}`,
    machineID: '',
    systemUUID: '',
    bootID: '',
  }
}

function addressesOf(name: string, facts: NodeFacts): { type: string; address: string }[] {
  const usable = facts.interfaces.filter((nic) => nic.up && nic.type !== 'loopback' && nic.name !== 'lo')
  const all = usable.flatMap((nic) => nic.addresses ?? []).map((address) => address.split('/')[0] ?? address)
  const internal = all.find((address) => address.includes('.') && !address.startsWith('127.') && !address.startsWith('169.254.'))
  return [
    ...(internal === undefined ? [] : [{ type: 'InternalIP', address: internal }]),
    { type: 'Hostname', address: facts.hostname || name },
  ]
}

/** Kubernetes names architectures as Go does. */
function goArchitecture(architecture: string): string {
  return { x86_64: 'amd64', aarch64: 'arm64' }[architecture] ?? architecture
}

/** nmstate's report of one host. */
export function nodeNetworkState(subject: Subject): Draft | undefined {
  const seen = subject.world.observed.node(subject.name)
  const state = seen?.facts.networkState
  if (seen === undefined || state === undefined) return undefined
  return {
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkState',
    namespace: '',
    name: subject.name,
    owner: { key: `Node//${subject.name}`, apiVersion: 'v1' },
    deleting: false,
    specDigest: '',
    settled: true,
    fields: {},
    conditions: [],
    status: ({ previous, now }) => {
      const before = previous?.status as { currentState?: unknown; lastSuccessfulUpdateTime?: string } | undefined
      // The time moves with the state, not with every report: an unchanged host costs no watch event.
      const same = before?.currentState === state || (before !== undefined && digestOf(before.currentState) === digestOf(state))
      return { currentState: state, lastSuccessfulUpdateTime: same ? (before?.lastSuccessfulUpdateTime ?? now) : now }
    },
    marks: {},
  }
}
