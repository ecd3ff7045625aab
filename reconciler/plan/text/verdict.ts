import type { Block, Change, Plan } from '../../../schemas/generated/plan.ts'
import { addedPlan, type RequestPlan } from './preview.ts'
import { summaryLine } from './render.ts'
import { clean } from './value.ts'

/** Whether a request may be merged as it is, as a commit status tells it. */
export type RequestVerdict = {
  /** `pending`: only the time holds it back. */
  readonly state: 'success' | 'failure' | 'pending'
  /** One line: what blocks, and what unblocks it. */
  readonly description: string
  /** When the time alone may change the verdict, RFC 3339. */
  readonly until?: string
}

/** What a request adds that does not go unattended: a person, the policy or the time has to let it through, or nothing does. */
export function verdictOf(request: RequestPlan): RequestVerdict {
  const plan = addedPlan(request)
  const faults = request.errors.filter(({ severity }) => severity === 'error').length
  const until = earliest(plan)
  const time = until === undefined ? {} : { until }
  if (request.untrusted !== undefined) return { state: 'failure', description: clean(request.untrusted), ...time }
  if (faults > 0) return { state: 'failure', description: faultsText(faults), ...time }
  const blocksBy = blocksOf(plan, request.plan)
  const held = blocksBy((block) => needsPerson(block, plan))
  const stuck = blocksBy(isStuck)
  const [worst] = stuck
  // No approval helps there, so that it is told first.
  if (worst !== undefined)
    return { state: 'failure', description: `${counted([...stuck, ...held])}: ${clean(worst.block.unblock)}`, ...time }
  if (held.length > 0) return { state: 'failure', description: blockedText(held, plan, 'the comment'), ...time }
  const waits = blocksBy(({ reason }) => timed.has(reason))
  const [first] = waits
  if (first !== undefined) return { state: 'pending', description: `${counted(waits)}: ${first.block.unblock}`, ...time }
  return { state: 'success', description: summaryLine(plan), ...time }
}

/** How many faults there are. */
export function faultsText(count: number): string {
  return `${count} ${count === 1 ? 'fault' : 'faults'} in manifests`
}

const timed: ReadonlySet<Block['reason']> = new Set(['Window', 'Frozen', 'Suspended'])

/** Why a change is not carried out as it is: a person has to change something. What no host takes now, one that comes may take. */
const lasting: ReadonlySet<Block['reason']> = new Set(['Conflict', 'Unsupported'])

function isStuck({ reason, steps }: Block): boolean {
  return steps === undefined && lasting.has(reason)
}

/**
 * A restart that waits for somebody while the definition goes on is how most changes of running guests come in: it counts only where
 * an approval in Git could have let it through beforehand.
 */
export function needsPerson({ reason, steps }: Block, { signing }: Plan): boolean {
  if (reason === 'PruneThreshold' || reason === 'ApprovalRequired') return true
  return reason === 'DisruptionNotAllowed' && (signing !== undefined || steps === undefined)
}

/** A change and what holds it back. */
export type Held = { readonly change: Change; readonly block: Block }

/** Of what is added, changes and blocks of a kind; one that waits for another change of the whole plan has the blocks of that one. */
function blocksOf({ changes }: Plan, whole: Plan): (isMeant: (block: Block) => boolean) => Held[] {
  const all = new Map(whole.changes.map((change) => [placeOf(change), change.blocked.filter(({ steps }) => steps === undefined)]))
  const told = changes.flatMap((change) => {
    return change.blocked.map((block) => ({ change, block, why: block.reason === 'WaitingForDependency' ? behind(change, all) : [block] }))
  })
  return (isMeant) => told.filter(({ why }) => why.some(isMeant))
}

/** What holds back what a change waits for; empty where that goes on, or is nothing of the plan. */
function behind({ after, node }: Change, all: ReadonlyMap<string, readonly Block[]>): readonly Block[] {
  return after.flatMap((key) => all.get(placeOf({ key, node })) ?? [])
}

/** Policies have a change on each host. */
function placeOf({ key, node }: Pick<Change, 'key' | 'node'>): string {
  return key.startsWith('NodeNetworkConfigurationPolicy/') ? `${node} ${key}` : key
}

function counted(held: readonly Held[]): string {
  const count = new Set(held.map(({ change }) => change)).size
  const reasons = [...new Set(held.map(({ block }) => block.reason))].join(', ')
  return `${count} ${count === 1 ? 'change is' : 'changes are'} blocked (${reasons})`
}

/** How many changes are held back, by what, and what lets them go on; `where` is the place that tells what to sign. */
export function blockedText(held: readonly Held[], plan: Plan, where: string): string {
  const unblock = plan.signing === undefined ? (held[0]?.block.unblock ?? '') : `An approver signs the trailer of ${where}.`
  return `${counted(held)}: ${unblock}`
}

function earliest({ changes }: Plan): string | undefined {
  return changes
    .flatMap(({ blocked }) => blocked.flatMap(({ until }) => until ?? []))
    .toSorted()
    .at(0)
}

/** Why changes wait, each reason once, with how many wait for it and what lets them go on; empty where none waits. */
export function blockedLines({ changes }: Pick<Plan, 'changes'>): string[] {
  const reasons = Map.groupBy(
    changes.flatMap(({ blocked }) => blocked.filter(({ reason }) => reason !== 'WaitingForDependency')),
    ({ reason, message }) => `${reason}\n${message}`,
  )
  return [...reasons.values()].flatMap((blocks) => {
    const [block] = blocks
    return block === undefined ? [] : blockLine(block, blocks.length)
  })
}

function blockLine({ reason, message, unblock }: Block, count: number): string[] {
  const own = reason === 'ApprovalRequired' && count > 1
  const how = own ? 'Sign a commit with the trailer below.' : unblock
  return [`${reason} (${count === 1 ? '1 change' : `${count} changes`}): ${clean(message)}`, `    to go on: ${clean(how)}`]
}
