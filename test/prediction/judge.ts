import { approvable } from '../../reconciler/plan/draft.ts'
import type { Change, Plan, Step } from '../../schemas/generated/plan.ts'
import type { NodeImpact } from '../../reconciler/plan/impact.ts'
import type { FleetModel } from './fleet-model.ts'
import type { Measured } from './measure.ts'

/** What happened with one commit, or with one approval: what was told, what was there, what is there now. */
export type Outcome = {
  readonly model: FleetModel
  readonly told: readonly Change[]
  readonly impact?: readonly NodeImpact[]
  readonly before: Measured
  readonly after: Measured
  /** The plan that is left when nothing moves any more. */
  readonly left: readonly Change[]
  /** Status conditions that are True, by key of the object. */
  readonly conditions: ReadonlyMap<string, ReadonlySet<string>>
}

/** A change as its plan tells it. */
export type Told = {
  readonly change: Change
  /** True where the step stands in the plan and nothing holds it back. */
  will(verb: Step['verb']): boolean
  /** True where the step stands in the plan and waits for a person. */
  waits(verb: Step['verb']): boolean
  /** Nothing of the change is carried out. */
  readonly held: boolean
}

/**
 * What of a change waits for a person. A disk that goes waits for its machine to let go of it, which the same plan brings about, unless that
 * waits for a person itself. What is to be made waits for what is held.
 */
export function finalBlocks(changes: readonly Change[], { key, action, blocked }: Change): Change['blocked'] {
  const goesOn = action === 'delete' && !changes.some((other) => keepsDisk(other, key))
  return blocked.filter(({ reason }) => !goesOn || reason !== 'WaitingForDependency')
}

/** True where a machine lets go of a disk by a step that waits for a person. */
function keepsDisk({ key, steps, fields, blocked }: Change, disk: string): boolean {
  if (!key.startsWith('VirtualMachine/')) return false
  const isWhole = blocked.some((block) => block.steps === undefined)
  const restarts = steps.filter(({ verb }) => verb === 'RestartDomain').map(({ id }) => id)
  const isRestartHeld = blocked.some((block) => block.steps?.some((id) => restarts.includes(id)) === true)
  const name = JSON.stringify(disk.split('/').at(-1))
  return fields.some(({ path, before, disruption }) => {
    const isDisk = /\.volumes\[[^\]]+\](?:\.|$)/.test(path) && (JSON.stringify(before) ?? '').includes(name)
    return isDisk && (isWhole || (isRestartHeld && disruption === 'restart'))
  })
}

/** What a plan tells of an object; undefined where it leaves the object alone. */
export function toldOf(changes: readonly Change[], key: string): Told | undefined {
  const change = changes.find((one) => one.key === key)
  if (change === undefined) return undefined
  const blocks = finalBlocks(changes, change)
  const isHeld = (step: Step): boolean => blocks.some(({ steps }) => steps === undefined || steps.includes(step.id))
  const find = (verb: Step['verb'], held: boolean): boolean => change.steps.some((step) => step.verb === verb && isHeld(step) === held)
  return {
    change,
    will: (verb) => find(verb, false),
    waits: (verb) => find(verb, true),
    held: change.steps.every(isHeld),
  }
}

/** A plan as it is once a person has approved all that waits for approval. */
export function approved(plan: Pick<Plan, 'changes'>): Change[] {
  return plan.changes.map((change) => {
    const left = change.blocked.filter(({ reason }) => !approvable.has(reason))
    return change.approval === undefined ? change : { ...change, blocked: left }
  })
}

/** Two sets of words as one line where they differ. */
export function compareSets(what: string, told: Iterable<string>, found: Iterable<string>): string[] {
  const [one, other] = [new Set(told), new Set(found)]
  if (one.symmetricDifference(other).size === 0) return []
  return [`${what}: told ${[...one].sort().join(', ') || 'none'}; found ${[...other].sort().join(', ') || 'none'}`]
}
