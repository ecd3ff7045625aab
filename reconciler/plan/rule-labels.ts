import type { ObservedObject } from '../../schemas/generated/observation.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import type { ApprovalRule } from './resolve/policy.ts'

type Labels = Readonly<Record<string, string>>
type ByLabel = Pick<ApprovalRule, 'matchLabels'>

/**
 * Whether a rule speaks of a change; `leaves`: the change itself takes the object out of the rule, so that the rule holds all of it, and
 * `mayLeave`: nobody can tell whether it does.
 */
export type Speech = 'speaks' | 'leaves' | 'mayLeave'

/**
 * Whether a rule of approvals speaks of a change: by the labels that Git gives the object and its owner now, or by those that they were
 * last applied with, which their hosts keep. So no label is taken off in one commit for the sake of a later one. Where nobody can tell
 * the latter, any rule may speak of it. Undefined: it does not.
 */
export function speechOf(context: PlanContext, draft: Draft, rule: ByLabel): Speech | undefined {
  if (Object.keys(rule.matchLabels).length === 0) return 'speaks'
  if (isFirstRecording(context, draft)) return undefined
  const after = wantedLabels(context, draft).some((labels) => matches(rule, labels))
  const applied = appliedLabels(context, draft)
  const before = applied.some((labels) => labels !== undefined && matches(rule, labels))
  if (after || draft.change.action === 'delete') return after || before || applied.includes(undefined) ? 'speaks' : undefined
  if (before) return 'leaves'
  return applied.includes(undefined) ? 'mayLeave' : undefined
}

/** The labels that a change takes off, or may take off, although a rule of approvals goes by them, in words. */
export function labelsTakenOff(context: PlanContext, draft: Draft): string[] {
  const rules = context.policy.approvals?.rules ?? []
  const words = rules.flatMap((rule) => {
    const speech = speechOf(context, draft, rule)
    const how = speech === 'leaves' ? 'takes' : speech === 'mayLeave' ? 'may take' : undefined
    return how === undefined ? [] : labelWords(rule).map((label) => `${how} off the label ${label}`)
  })
  return [...new Set(words)].sort()
}

/** The labels of a rule, each as `name=value`. */
export function labelWords({ matchLabels }: ByLabel): string[] {
  return Object.entries(matchLabels).map(([name, value]) => `${name}=${value}`)
}

/** Has a host keep the labels of what an earlier version applied, and does nothing else: until then any rule may speak of all other changes. */
function isFirstRecording(context: PlanContext, { change: { key, node, fields, steps, action } }: Draft): boolean {
  if (action === 'create' || action === 'delete' || fields.length === 0) return false
  if (steps.some(({ disruption }) => disruption !== 'none') || !fields.every(({ path }) => isLabel(path))) return false
  return context.sightings(key).some((one) => one.node === node && isUnlabelled(one.object))
}

const isLabel = (path: string): boolean => path === 'metadata.labels' || /^metadata\.labels[.[]/.test(path)

function isUnlabelled({ kind, applied }: ObservedObject): boolean {
  return kind !== 'VirtualMachine' && applied !== undefined && applied.labels === undefined
}

/** True where an object with these labels is in a rule. */
export function matches({ matchLabels }: ByLabel, labels: Labels): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value)
}

/** Of the object, and of the machine whose template makes it. */
function wantedLabels(context: PlanContext, { labels, ownerKey }: Draft): Labels[] {
  const owner = ownerKey === undefined ? undefined : context.desired(ownerKey)
  return [labels, ...(owner === undefined ? [] : [owner.object.metadata.labels ?? {}])]
}

/** Undefined for one whose labels nobody can tell. */
function appliedLabels(context: PlanContext, { change, ownerKey }: Draft): (Labels | undefined)[] {
  const own = context.sightings(change.key).map(({ object }) => object)
  const owners = [ownerKey, ...own.map(({ applied }) => (applied !== undefined && 'ownerKey' in applied ? applied.ownerKey : undefined))]
  const owning = [...new Set(owners)].flatMap((key) => (key === undefined ? [] : context.sightings(key)))
  return [...own, ...owning.map(({ object }) => object)].map(labelsOnHost)
}

/**
 * The labels that an object was last applied with; undefined where nobody can tell: of a machine whose record is lost, and of a disk or
 * policy that a version applied which did not keep them. What was never applied to its end has none.
 */
export function labelsOnHost({ kind, applied }: ObservedObject): Labels | undefined {
  return applied === undefined && kind !== 'VirtualMachine' ? {} : applied?.labels
}
