import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import type { ApprovalRule } from './resolve/policy.ts'

type Labels = Readonly<Record<string, string>>
type ByLabel = Pick<ApprovalRule, 'matchLabels'>

/** Whether a rule speaks of a change; `leaves`: the change itself takes the object out of the rule, so that the rule holds all of it. */
export type Speech = 'speaks' | 'leaves'

/**
 * Whether a rule of approvals speaks of a change: by the labels that Git gives the object and its owner now, or by those that they were
 * last applied with, which their hosts keep. So no label is taken off in one commit for the sake of a later one. Undefined: it does not.
 */
export function speechOf(context: PlanContext, draft: Draft, rule: ByLabel): Speech | undefined {
  if (Object.keys(rule.matchLabels).length === 0) return 'speaks'
  const after = wantedLabels(context, draft).some((labels) => matches(rule, labels))
  const before = appliedLabels(context, draft).some((labels) => labels === undefined || matches(rule, labels))
  if (before && !after && draft.change.action !== 'delete') return 'leaves'
  return before || after ? 'speaks' : undefined
}

/** The labels that a change takes off although a rule of approvals goes by them, each as `name=value`. */
export function labelsTakenOff(context: PlanContext, draft: Draft): string[] {
  const rules = context.policy.approvals?.rules ?? []
  const left = rules.filter((rule) => speechOf(context, draft, rule) === 'leaves')
  return [...new Set(left.flatMap(({ matchLabels }) => Object.entries(matchLabels).map(([name, value]) => `${name}=${value}`)))].sort()
}

function matches({ matchLabels }: ByLabel, labels: Labels): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value)
}

/** Of the object, and of the machine whose template makes it. */
function wantedLabels(context: PlanContext, { labels, ownerKey }: Draft): Labels[] {
  const owner = ownerKey === undefined ? undefined : context.desired(ownerKey)
  return [labels, ...(owner === undefined ? [] : [owner.object.metadata.labels ?? {}])]
}

/** Undefined for a machine whose record is lost and whose file is gone: nobody can tell which labels it had, so any rule may speak of it. */
function appliedLabels(context: PlanContext, { change, ownerKey }: Draft): (Labels | undefined)[] {
  const own = context.sightings(change.key).map(({ object }) => object)
  const owners = [ownerKey, ...own.map(({ applied }) => (applied !== undefined && 'ownerKey' in applied ? applied.ownerKey : undefined))]
  const owning = [...new Set(owners)].flatMap((key) => (key === undefined ? [] : context.sightings(key)))
  return [
    ...own.map(({ kind, applied }) =>
      kind === 'VirtualMachine' && applied === undefined && change.action === 'delete' ? undefined : (applied?.labels ?? {}),
    ),
    ...owning.map(({ object }) => object.applied?.labels ?? {}),
  ]
}
