import type { Block } from '../../schemas/generated/plan.ts'
import { keyText, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { isProtected } from './prune-gate.ts'
import type { ApprovalRule } from './resolve/policy.ts'
import { labelsOnHost, labelWords, matches } from './rule-labels.ts'

/**
 * What becomes of the disks of a machine that goes, in words: a rule by the machine's label holds them as long as the machine is there.
 * Those that Git has no more may go, and those that stay leave the rule. None where no rule goes by labels.
 */
export function disksLeft(context: PlanContext, { change }: Draft): string[] {
  const rules = labelRules(context)
  if (rules.length === 0 || !isLeaving(change)) return []
  const own = rules.filter((rule) => mayMatch(context, change.key, rule))
  return context.disksOwnedBy(change.key).flatMap((disk) => {
    if (isGoing(context, disk)) return [`lets ${disk} go`]
    const left = own.filter((rule) => !carries(context, disk, rule) && !isToCarry(context, disk, rule))
    return [...new Set(left.flatMap(labelWords))].map((label) => `takes ${disk} out of the rule by the label ${label}`)
  })
}

/** Lets a machine go only when its disks have on their hosts the labels that Git gives them, so that they stay in its rules without it. */
export function keepDisksInRules(context: PlanContext, drafts: readonly Draft[]): void {
  const rules = labelRules(context)
  if (rules.length === 0) return
  for (const { change, blocked } of drafts.filter((draft) => isLeaving(draft.change))) {
    const own = rules.filter((rule) => mayMatch(context, change.key, rule))
    const early = context
      .disksOwnedBy(change.key)
      .filter((disk) => own.some((rule) => !carries(context, disk, rule) && isToCarry(context, disk, rule)))
    blocked.push(...early.map(withoutLabel))
  }
}

function labelRules(context: PlanContext): ApprovalRule[] {
  return (context.policy.approvals?.rules ?? []).filter(({ matchLabels }) => Object.keys(matchLabels).length > 0)
}

function isLeaving({ action, key }: Draft['change']): boolean {
  return action === 'delete' && key.startsWith('VirtualMachine/')
}

function isGoing(context: PlanContext, disk: ObjectKey): boolean {
  return context.desired(disk) === undefined && !context.isUnknown(disk) && !isProtected(context, disk)
}

function mayMatch(context: PlanContext, key: ObjectKey, rule: ApprovalRule): boolean {
  return context.sightings(key).some(({ object }) => {
    const labels = labelsOnHost(object)
    return labels === undefined || matches(rule, labels)
  })
}

function carries(context: PlanContext, disk: ObjectKey, rule: ApprovalRule): boolean {
  return context.sightings(disk).every(({ object }) => matches(rule, labelsOnHost(object) ?? {}))
}

function isToCarry(context: PlanContext, disk: ObjectKey, rule: ApprovalRule): boolean {
  return !context.isUnknown(disk) && matches(rule, context.desired(disk)?.object.metadata.labels ?? {})
}

function withoutLabel(disk: ObjectKey): Block {
  return {
    reason: 'WaitingForDependency',
    message: `The host of ${keyText(disk)} does not have its labels yet, by which it stays in a rule of approvals without the machine.`,
    unblock: 'Nothing, if the disk is about to change; otherwise see why its own change waits.',
  }
}
