import type { Change, Plan, Step } from '../../schemas/generated/plan.ts'
import { planSeal } from '../../reconciler/lib/seal.ts'
import { keyText } from '../../reconciler/lib/object-key.ts'

type Need = 'machine' | 'volume' | 'policy' | 'until'

/** What each verb needs, its phase, and whether its call may be given up half-way. */
export const verbs: Readonly<Record<Step['verb'], { readonly phase: Step['phase']; readonly needs: readonly Need[] }>> = {
  ApplyNetworkPolicy: { phase: 'network', needs: ['policy'] },
  RecordNetworkPolicy: { phase: 'network', needs: ['policy'] },
  ForgetNetworkPolicy: { phase: 'network', needs: [] },
  EnsureVolume: { phase: 'storage', needs: ['volume'] },
  ResizeVolume: { phase: 'storage', needs: ['volume'] },
  RestoreVolume: { phase: 'storage', needs: ['volume'] },
  QuarantineVolume: { phase: 'storage', needs: ['until'] },
  DeleteVolume: { phase: 'storage', needs: [] },
  DefineDomain: { phase: 'compute', needs: ['machine'] },
  HotplugDomain: { phase: 'compute', needs: ['machine'] },
  StartDomain: { phase: 'compute', needs: [] },
  StopDomain: { phase: 'compute', needs: [] },
  RestartDomain: { phase: 'compute', needs: [] },
  UndefineDomain: { phase: 'compute', needs: [] },
}

/** Why a plan must not be carried out on this node at all; undefined where it may. */
export function planProblem(plan: Plan, node: string): string | undefined {
  if (planSeal(plan) !== plan.id) return 'the seal does not fit the plan'
  const keys = new Set<string>()
  for (const change of plan.changes) {
    if (change.node !== node) return `${keyText(change.key)} is for node "${change.node}"`
    if (keys.has(change.key)) return `${keyText(change.key)} stands in it twice`
    keys.add(change.key)
    const problem = change.steps.map((step) => stepProblem(step, change)).find((found) => found !== undefined)
    if (problem !== undefined) return problem
  }
  return undefined
}

function stepProblem(step: Step, change: Change): string | undefined {
  const verb = verbs[step.verb]
  const missing = verb.needs.find((need) => step[need] === undefined)
  if (missing !== undefined) return `step ${step.id} lacks its ${missing}`
  const spec = step.machine ?? step.volume ?? step.policy
  if (spec !== undefined && spec.key !== step.key) return `step ${step.id} carries the spec of ${keyText(spec.key)}`
  if (change.steps.filter((other) => other.id === step.id).length > 1) return `step ${step.id} stands in it twice`
  return undefined
}

const order = { network: 0, storage: 1, compute: 2 } as const

/** A change's steps: network before storage before compute, else as planned. */
export function orderedSteps(change: Change): readonly Step[] {
  return change.steps.toSorted((one, other) => order[one.phase] - order[other.phase])
}
