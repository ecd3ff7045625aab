import type { ObservedPolicy } from '../../../schemas/generated/observation.ts'

export type Condition = ObservedPolicy['conditions'][number]
export type ConditionType = Condition['type']

/** An enactment's states with upstream's reasons. Source: kubernetes-nmstate's enactment conditions. */
const reasons: Readonly<Record<ConditionType, string>> = {
  Available: 'SuccessfullyConfigured',
  Failing: 'FailedToConfigure',
  Retrying: 'FailedToConfigure',
  Progressing: 'ConfigurationProgressing',
  Pending: 'MaxUnavailableLimitReached',
  Aborted: 'ConfigurationAborted',
}

const order: readonly ConditionType[] = ['Available', 'Failing', 'Retrying', 'Progressing', 'Pending', 'Aborted']

/** What an enactment turns into. */
export type Transition = { readonly type: ConditionType; readonly message: string; readonly at: string }

/**
 * All conditions of an enactment when exactly one of them is true. Pure. While the outcome is open (Progressing,
 * Retrying, Pending) Available and Failing are Unknown, as upstream has it; `at` is the last transition.
 */
export function conditionsOf(transition: Transition, previous: readonly Condition[] = []): Condition[] {
  const open = ['Progressing', 'Retrying', 'Pending'].includes(transition.type)
  return order.map((type) => {
    const isTrue = type === transition.type
    const outcome = type === 'Available' || type === 'Failing'
    const status: Condition['status'] = isTrue ? 'True' : open && outcome ? 'Unknown' : 'False'
    const before = previous.find((condition) => condition.type === type)
    const at = before?.status === status ? before.at : transition.at
    return { type, status, reason: reasons[transition.type], message: isTrue ? transition.message : '', at }
  })
}

/** The one condition that is true. */
export function trueCondition(conditions: readonly Condition[]): Condition | undefined {
  return conditions.find((condition) => condition.status === 'True')
}
