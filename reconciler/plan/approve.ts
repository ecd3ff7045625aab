import type { Plan } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { Approval } from './types.ts'

export type ApprovalRequest = { readonly plan?: string; readonly key?: ObjectKey; readonly by: string; readonly at: string }

/**
 * What a person's word about the current plan approves, change by change, so that it holds while single changes are carried out.
 * A plan id stands for all of that plan's changes, a key for those of one object. Empty where the plan is another one by now or
 * nothing in it waits for a person.
 */
export function approvalsFor(plan: Plan, request: ApprovalRequest): Approval[] {
  const { by, at } = request
  return plan.changes.flatMap(({ key, approval }) => {
    const meant = request.key === undefined ? request.plan === plan.id : request.key === key
    const same = request.plan === undefined || request.plan === plan.id || request.plan === approval
    return approval !== undefined && meant && same ? [{ key, plan: approval, by, at }] : []
  })
}
