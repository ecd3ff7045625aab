import type { Block, Plan } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { approvable } from './draft.ts'
import type { Approval } from './types.ts'

export type ApprovalRequest = { readonly plan?: string; readonly key?: ObjectKey; readonly by: string; readonly at: string }

/**
 * What a person's word about the current plan approves, change by change, so that it holds while single changes are carried out.
 * A plan id stands for all of that plan's changes, a key for those of one object. Empty where the plan is another one by now or
 * nothing in it waits for a person.
 */
export function approvalsFor(plan: Plan, request: ApprovalRequest): Approval[] {
  const { by, at } = request
  return plan.changes.flatMap(({ key, approval, blocked }) => {
    const meant = request.key === undefined ? request.plan === plan.id : request.key === key
    const same = request.plan === undefined || request.plan === plan.id || request.plan === approval
    return approval !== undefined && meant && same && blocked.some(opensByWord) ? [{ key, plan: approval, by, at }] : []
  })
}

/** What a rule of the Fleet wants approved in Git is opened by signed commits only. */
export function opensByWord({ reason }: Block): boolean {
  return reason !== 'ApprovalRequired' && approvable.has(reason)
}
