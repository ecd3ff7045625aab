import type { ObservedPolicy } from '../../../schemas/generated/observation.ts'
import type { ConditionDraft, Draft } from '../api-object.ts'
import { commonConditions, condition } from '../common-conditions.ts'
import { wholeSeconds } from '../conditions.ts'
import { appliedOf, isSettled, observedOf, type Subject } from '../subject.ts'
import { metadataOf, specDigestOf } from './draft-metadata.ts'
import { nodeLabels } from './node.ts'

/** The policy with upstream's four conditions over all nodes that it selects. */
export function networkPolicy(subject: Subject): Draft | undefined {
  const spec = specOf(subject)
  if (spec === undefined) return undefined
  const nodes = matchingNodes(subject, spec.nodeSelector)
  const seen = observedOf(subject, 'NodeNetworkConfigurationPolicy')
  const failing = seen.filter(({ object }) => isFailing(object))
  const limits = seen.flatMap(({ node, object }) => (object.limits ?? []).map((limit) => `${node}: ${limit}`))
  const summary = summaryOf(nodes, seen)
  return {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    ...metadataOf(subject),
    specDigest: specDigestOf(subject),
    settled: isSettled(subject),
    fields: { spec },
    conditions: [...policyConditions(summary), ...commonConditions(subject, limits)],
    status: ({ conditions }) => ({
      conditions,
      unavailableNodeCount: nodes.length - seen.filter(({ object }) => isTrue(object, 'Available')).length,
    }),
    marks: { state: summary.type, message: summary.message, failing: failing.map(({ node }) => node).join(', ') },
  }
}

/** One enactment per node that knows the policy: `<node>.<policy>`. */
export function enactments(subject: Subject): Draft[] {
  return observedOf(subject, 'NodeNetworkConfigurationPolicy').map(({ node, object }) => ({
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkConfigurationEnactment',
    namespace: '',
    name: `${node}.${subject.name}`,
    labels: { 'nmstate.io/policy': subject.name, 'nmstate.io/node': node },
    owner: { key: subject.key, apiVersion: 'nmstate.io/v1' },
    deleting: subject.deleting,
    specDigest: '',
    settled: true,
    fields: {},
    conditions: object.conditions.map(enactmentCondition),
    status: ({ conditions }) => ({
      conditions,
      ...(object.applied === undefined ? {} : { desiredState: object.applied.desiredState }),
    }),
    marks: {
      state: object.conditions.find((entry) => entry.status === 'True')?.type ?? '',
      drift: object.drift.map(({ path }) => path).join(', '),
    },
  }))
}

function enactmentCondition(entry: ObservedPolicy['conditions'][number]): ConditionDraft {
  const since = wholeSeconds(entry.at)
  return { ...condition(entry.type, entry.status, [entry.reason, entry.message]), ...(since === undefined ? {} : { since }) }
}

type PolicyFields = { readonly nodeSelector?: Record<string, string>; readonly desiredState?: unknown }

function specOf(subject: Subject): PolicyFields | undefined {
  if (subject.desired?.kind === 'NodeNetworkConfigurationPolicy') return subject.desired.object.spec ?? {}
  const applied = appliedOf(subject, 'NodeNetworkConfigurationPolicy')
  return applied === undefined ? undefined : { desiredState: applied.desiredState }
}

/** Equality only, over all known nodes (kubernetes-nmstate's nodeSelector). */
function matchingNodes(subject: Subject, selector: Record<string, string> | undefined): string[] {
  const { world } = subject
  const wanted = Object.entries(selector ?? {})
  const names = world.observed.nodes().map((node) => node.name)
  return names.filter((name) => {
    const labels = nodeLabels(world, name)
    return wanted.every(([key, value]) => labels[key] === value)
  })
}

type Summary = { readonly type: 'Available' | 'Degraded' | 'Progressing' | 'Ignored'; readonly reason: string; readonly message: string }

function summaryOf(nodes: readonly string[], seen: readonly { readonly node: string; readonly object: ObservedPolicy }[]): Summary {
  if (nodes.length === 0) return { type: 'Ignored', reason: 'NoMatchingNode', message: 'No node matches the nodeSelector.' }
  const failed = seen.filter(({ object }) => isFailing(object))
  if (failed.length > 0) {
    const why = failed.map(({ node, object }) => `${node}: ${object.problem?.message ?? failureMessage(object)}`).join('; ')
    return { type: 'Degraded', reason: 'FailedToConfigure', message: `${failed.length}/${nodes.length} nodes failed to configure. ${why}` }
  }
  const done = seen.filter(({ node, object }) => nodes.includes(node) && isTrue(object, 'Available')).length
  if (done === nodes.length)
    return { type: 'Available', reason: 'SuccessfullyConfigured', message: `${done}/${nodes.length} nodes successfully configured` }
  return { type: 'Progressing', reason: 'ConfigurationProgressing', message: `${done}/${nodes.length} nodes configured so far` }
}

function policyConditions(summary: Summary): ConditionDraft[] {
  const types = ['Available', 'Degraded', 'Progressing', 'Ignored'] as const
  return types.map((type) =>
    condition(type, type === summary.type ? 'True' : 'False', [summary.reason, type === summary.type ? summary.message : '']),
  )
}

function isTrue(policy: ObservedPolicy, type: string): boolean {
  return policy.conditions.some((entry) => entry.type === type && entry.status === 'True')
}

function isFailing(policy: ObservedPolicy): boolean {
  return isTrue(policy, 'Failing') || isTrue(policy, 'Aborted') || policy.problem?.fatal === true
}

function failureMessage(policy: ObservedPolicy): string {
  return policy.conditions.find((entry) => entry.status === 'True')?.message ?? ''
}
