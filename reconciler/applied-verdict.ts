import type { Block, Change, Plan } from '../schemas/generated/plan.ts'
import type { DesiredView } from './desired/types.ts'
import type { CommitStatus } from './forge/types.ts'
import { keyText, type ObjectKey } from './lib/object-key.ts'
import type { ObservedView } from './observed/types.ts'
import { blockedText, faultsText, needsPerson } from './plan/text/verdict.ts'

/** How far a revision has been carried out, in one line. */
export type AppliedVerdict = Pick<CommitStatus, 'state' | 'description'>

export type AppliedInput = {
  readonly plan: Plan
  readonly desired: DesiredView
  readonly observed: ObservedView
  /** What went wrong last with an object on its host, until it succeeds. */
  readonly failure: (key: ObjectKey) => { readonly code: string; readonly message: string; readonly node: string } | undefined
}

/** Whether what runs is what a revision says, and if not, why. A restart that waits for somebody while the definition went on is no fault. */
export function appliedVerdict({ plan, desired, observed, failure }: AppliedInput): AppliedVerdict {
  const faults = desired.errors().filter(({ severity }) => severity === 'error')
  const [fault] = faults
  if (fault !== undefined)
    return { state: 'failure', description: `${faultsText(faults.length)}, first ${fault.path}:${fault.line}: ${fault.message}` }
  for (const { key } of plan.changes) {
    const failed = failure(key)
    if (failed !== undefined)
      return { state: 'failure', description: `${keyText(key)} on ${failed.node}: ${failed.code}: ${failed.message}` }
  }
  const held = plan.changes.flatMap((change) =>
    change.blocked.filter((block) => needsPerson(block, plan)).map((block) => ({ change, block })),
  )
  if (held.length > 0) return { state: 'failure', description: blockedText(held, plan, '"gitvirt plan"') }
  return underWay(plan) ?? disksUnderWay(desired, observed) ?? { state: 'success', description: doneText(plan) }
}

function underWay({ changes }: Plan): AppliedVerdict | undefined {
  const open = changes.filter((change) => !onlyRestartWaits(change))
  const [first] = open
  if (first === undefined) return undefined
  const [block] = open.flatMap(({ blocked }) => blocked)
  const why = block === undefined ? `first ${keyText(first.key)}` : `${block.reason}: ${block.unblock}`
  return { state: 'pending', description: `${open.length} ${open.length === 1 ? 'change is' : 'changes are'} under way; ${why}` }
}

function onlyRestartWaits({ blocked, steps }: Change): boolean {
  const held = new Set(blocked.flatMap((block: Block) => block.steps ?? steps.map(({ id }) => id)))
  return blocked.length > 0 && blocked.every(({ reason }) => reason === 'DisruptionNotAllowed') && steps.every(({ id }) => held.has(id))
}

function disksUnderWay(desired: DesiredView, observed: ObservedView): AppliedVerdict | undefined {
  for (const key of desired.keysOf('DataVolume')) {
    for (const { object, node } of observed.get(key)) {
      if (object.kind !== 'DataVolume' || object.phase === 'Succeeded') continue
      const where = `${keyText(key)} on ${node}: ${object.phase}`
      return object.phase === 'Failed' ? { state: 'failure', description: where } : { state: 'pending', description: where }
    }
  }
  return undefined
}

function doneText({ changes }: Plan): string {
  const waits = changes.length
  if (waits === 0) return 'What runs is what Git says.'
  return `All is defined as Git says; ${waits} ${waits === 1 ? 'guest waits' : 'guests wait'} for a restart.`
}
