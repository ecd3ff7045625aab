import type { Block } from '../../schemas/generated/plan.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import type { ResolvedPolicy } from './resolve/policy.ts'

/** Annotation by which an object has a mode of its own: correct or detect. */
export const driftAnnotation = 'gitvirt.io/drift'

/** Where it is said that drift of an object is only told; undefined where it is mended. */
function detectOnly(policy: ResolvedPolicy['drift'], own: string | undefined, labels: Draft['labels']): string | undefined {
  if (own !== undefined) return own === 'detect' ? `its annotation ${driftAnnotation}` : undefined
  for (const { matchLabels, mode } of policy.rules) {
    if (Object.entries(matchLabels).every(([name, value]) => labels[name] === value))
      return mode === 'detect' ? 'a rule of spec.drift in gitvirt.yaml' : undefined
  }
  return policy.mode === 'detect' ? 'spec.drift in gitvirt.yaml' : undefined
}

/**
 * The block of the steps that only drift asks for, where drift is told and left; undefined where it is mended. What Git changes goes through:
 * it defines the object anew, and so takes the drift along, which is told.
 */
export function driftBlock(context: PlanContext, { change, mending = [], labels }: Draft): Block | undefined {
  if (mending.length === 0) return undefined
  const where = detectOnly(context.policy.drift, context.desired(change.key)?.object.metadata.annotations?.[driftAnnotation], labels)
  if (where === undefined) return undefined
  const all = change.steps.every(({ id }) => mending.includes(id))
  return {
    reason: 'DriftNotCorrected',
    message: `It was changed on its host, and ${where} says that drift is told and left.`,
    unblock: 'Approve this change to mend it once, write it into Git, change it back on the host, or say "correct" there.',
    ...(all ? {} : { steps: [...mending] }),
  }
}
