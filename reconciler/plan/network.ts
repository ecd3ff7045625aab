import type { Drift, ObservedPolicy } from '../../schemas/generated/observation.ts'
import type { Block, FieldChange, PolicySpec, Step } from '../../schemas/generated/plan.ts'
import { policyDigest } from '../lib/policy-digest.ts'
import type { PlanContext } from './context.ts'
import { judgeFields } from './diff/fields.ts'
import { networkView } from './diff/views.ts'
import type { Draft } from './draft.ts'
import { unsupportedBlocks } from './findings.ts'
import { matchesSelector, type HostNode } from './nodes.ts'
import { disconnected, suspensionBlocks } from './obstacles.ts'
import type { PlacementMap } from './placement-map.ts'
import { resolveNetwork, type NetworkObject } from './resolve/network.ts'

export type NetworkSighting = { readonly node: string; readonly object: ObservedPolicy }

/** What has to be done for one policy: a change for each matching node that needs one, and one for each that no longer matches. */
export function planNetwork(context: PlanContext, placements: PlacementMap, desired: NetworkObject): Draft[] {
  const policy = resolveNetwork(desired)
  const matching = placements.nodes.filter(({ labels }) => matchesSelector(labels, desired.object.spec?.nodeSelector))
  if (matching.length === 0) context.findings.push(noMatchingNode(desired))
  const sightings = new Map(networkSightings(context, desired.key).map((one) => [one.node, one]))
  const drafts: Draft[] = []
  for (const node of matching) {
    const draft = nodeDraft({ context, desired, policy, node, sighting: sightings.get(node.name) })
    if (draft !== undefined) drafts.push(draft)
  }
  limitUnavailable({ desired, policy, matching, sightings, drafts })
  const names = new Set(matching.map(({ name }) => name))
  for (const sighting of sightings.values()) if (!names.has(sighting.node)) drafts.push(forgetNetwork(context, sighting, desired))
  return drafts
}

export function networkSightings(context: PlanContext, key: string): NetworkSighting[] {
  return context.sightings(key).filter((one): one is NetworkSighting => one.object.kind === 'NodeNetworkConfigurationPolicy')
}

function noMatchingNode(desired: NetworkObject): PlanContext['findings'][number] {
  return {
    severity: 'warning',
    code: 'NoMatchingNode',
    key: desired.key,
    path: 'spec.nodeSelector',
    message: 'No node matches spec.nodeSelector, so the policy is applied nowhere.',
    origin: desired.origin,
  }
}

type NodeDraft = {
  readonly context: PlanContext
  readonly desired: NetworkObject
  readonly policy: PolicySpec
  readonly node: HostNode
  readonly sighting: NetworkSighting | undefined
}

function nodeDraft({ context, desired, policy, node, sighting }: NodeDraft): Draft | undefined {
  const observed = sighting?.object
  const changed = observed?.applied === undefined ? [] : changedFields(policy, observed.applied)
  const recorded = observed !== undefined && isRecordOnly(policy, observed, changed)
  if (recorded && isOpen(observed)) return undefined
  const fields = changed.length > 0 || observed?.applied === undefined ? changed : driftFields(policy, observed)
  if (observed?.applied !== undefined && fields.length === 0 && !isToBeRepeated(policy, observed)) return undefined
  const step = recorded ? networkStep('RecordNetworkPolicy', policy) : networkStep('ApplyNetworkPolicy', policy)
  return {
    change: {
      key: desired.key,
      node: node.name,
      action: observed === undefined ? 'create' : 'update',
      fields,
      steps: [step],
      base: observed?.digest ?? 'absent',
      notes: [...(policy.translated ?? [])],
      origin: desired.origin,
      after: [],
    },
    blocked: [
      ...unsupportedBlocks(desired),
      ...disconnected(context.input.observed, node.name),
      ...suspensionBlocks(context, { key: desired.key, node: node.name }),
    ],
    labels: desired.object.metadata.labels ?? {},
    ...(isDriftAlone(policy, observed, fields) ? { mending: [step.id] } : {}),
  }
}

function isDriftAlone(policy: PolicySpec, observed: ObservedPolicy | undefined, fields: readonly FieldChange[]): boolean {
  if (observed?.applied === undefined || isToBeRepeated(policy, observed)) return false
  return fields.length > 0 && fields.every(({ path }) => path.startsWith('network:'))
}

function networkStep(verb: 'ApplyNetworkPolicy' | 'RecordNetworkPolicy', policy: PolicySpec): Step {
  const { key } = policy
  return { id: `${verb}:${key}`, verb, key, phase: 'network', disruption: verb === 'RecordNetworkPolicy' ? 'none' : 'live', policy }
}

/** Differences from what was applied. */
function changedFields(policy: PolicySpec, applied: PolicySpec): FieldChange[] {
  const kind = 'NodeNetworkConfigurationPolicy'
  return judgeFields({ kind, from: networkView(applied), to: networkView(policy), active: true }).map(({ field }) => field)
}

/**
 * True where the host has what the policy asks of it and only has to keep its labels and its place in Git: to hand it to nmstate would undo
 * what was changed by hand. What drifted is told by the plan that follows.
 */
function isRecordOnly(policy: PolicySpec, observed: ObservedPolicy, changed: readonly FieldChange[]): boolean {
  if (observed.applied === undefined || changed.length === 0 || isToBeRepeated(policy, observed)) return false
  return policyDigest(observed.applied) === policyDigest(policy)
}

/** Drift, unless the node works on it or is not to try this very policy again. */
function driftFields(policy: PolicySpec, observed: ObservedPolicy): FieldChange[] {
  return isOpen(observed) || isHeldOff(policy, observed) ? [] : observed.drift.map(driftField)
}

/**
 * True where the node has this policy, but something came after it that failed or was cut short: another policy that Git
 * took back, or the mending of drift. What the host looks like then, nobody has verified.
 */
function isToBeRepeated(policy: PolicySpec, observed: ObservedPolicy): boolean {
  return !isTrue(observed, 'Available') && !isOpen(observed) && !isHeldOff(policy, observed)
}

/** The node works on it. What a stopped agent left like this, the next one closes. */
function isOpen(observed: ObservedPolicy): boolean {
  return isTrue(observed, 'Progressing') || isTrue(observed, 'Retrying') || isTrue(observed, 'Pending')
}

function isHeldOff(policy: PolicySpec, { failed }: ObservedPolicy): boolean {
  return failed !== undefined && failed.digest === policyDigest(policy)
}

function driftField({ path, expected, actual }: Drift): FieldChange {
  return {
    path: `network:${path}`,
    ...(actual === undefined ? {} : { before: actual }),
    ...(expected === undefined ? {} : { after: expected }),
    disruption: 'live',
    reason: 'Drift: the network was changed on the host.',
  }
}

function isTrue(observed: ObservedPolicy, type: ObservedPolicy['conditions'][number]['type']): boolean {
  return observed.conditions.some((condition) => condition.type === type && condition.status === 'True')
}

type Limit = {
  readonly desired: NetworkObject
  readonly policy: PolicySpec
  readonly matching: readonly HostNode[]
  readonly sightings: ReadonlyMap<string, NetworkSighting>
  readonly drafts: readonly Draft[]
}

/**
 * Holds back nodes beyond maxUnavailable. A node that has this policy and is not Available takes a place until it succeeds, so once
 * that many have failed the rest waits. Source: kubernetes-nmstate, maxUnavailable.
 */
function limitUnavailable({ desired, matching, sightings, drafts }: Limit): void {
  // What a host only keeps takes its network away from nobody.
  const applying = drafts.filter(({ change }) => change.steps.some(({ verb }) => verb === 'ApplyNetworkPolicy'))
  const changing = new Set(applying.map(({ change }) => change.node))
  const busy = matching.filter(({ name }) => {
    const observed = sightings.get(name)?.object
    return !changing.has(name) && observed !== undefined && !isTrue(observed, 'Available')
  })
  const limit = maxUnavailable(desired.object.spec?.maxUnavailable, matching.length)
  const free = Math.max(0, limit - busy.length)
  for (const draft of applying.filter(({ blocked }) => blocked.length === 0).slice(free)) draft.blocked.push(limitBlock(limit, busy))
}

function limitBlock(limit: number, busy: readonly HostNode[]): Block {
  const who = busy.length === 0 ? 'other nodes go first' : `${busy.map(({ name }) => name).join(', ')} is not Available yet`
  return {
    reason: 'WaitingForDependency',
    message: `MaxUnavailableLimitReached: at most ${limit} at once, and ${who}.`,
    unblock: 'Wait for them, mend the policy where it fails, or raise spec.maxUnavailable.',
  }
}

/** How many nodes may be unavailable at once: 50 % where nothing is said or it does not parse, rounded up, and at least one. */
export function maxUnavailable(value: string | number | undefined, nodes: number): number {
  const text = String(value ?? '50%')
  const percent = /^(\d{1,3})%$/.exec(text)
  if (percent !== null) return Math.max(1, Math.ceil((Number(percent[1]) * nodes) / 100))
  const count = /^\d+$/.test(text) ? Number(text) : Math.ceil(nodes / 2)
  return Math.max(1, count)
}

/** Gives a policy up on a node. Upstream's rule: nothing on the host is reverted. */
export function forgetNetwork(context: PlanContext, sighting: NetworkSighting, desired?: NetworkObject): Draft {
  const { object, node } = sighting
  const origin = desired?.origin ?? object.applied?.origin
  return {
    change: {
      key: object.key,
      node,
      action: 'delete',
      fields: [],
      steps: [
        { id: `ForgetNetworkPolicy:${object.key}`, verb: 'ForgetNetworkPolicy', key: object.key, phase: 'network', disruption: 'none' },
      ],
      base: object.digest,
      notes: ['The host keeps its network as it is. To remove an interface, apply a policy that gives it state: absent first.'],
      ...(origin === undefined ? {} : { origin }),
      after: [],
    },
    blocked: disconnected(context.input.observed, node),
    labels: desired?.object.metadata.labels ?? object.applied?.labels ?? {},
  }
}
