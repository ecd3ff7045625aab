import type { Block, Step } from '../../schemas/generated/plan.ts'
import { type ObjectKey, parseKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import { withCovers } from './covers.ts'
import { planDeletion } from './deletion.ts'
import { keepDisksInRules } from './disks-left.ts'
import { exceeds } from './disruption/classes.ts'
import { approvalDigest, type Draft } from './draft.ts'
import { driftBlock } from './drift-gate.ts'
import { leaseBlock, leaseInForce } from './leased.ts'
import { suspensionBlocks, unheardBlock } from './obstacles.ts'
import { isInTime, isSigned, requireApprovals, signedFor, signedNote } from './signed-approvals.ts'
import { pruneBlock, pruneTotals, unreadableBlocks, unrecordedBlocks } from './prune-gate.ts'
import { unattendedFor } from './resolve/policy.ts'
import type { Approval } from './types.ts'
import type { VolumeUsers } from './volume-users.ts'
import { guardReadDisks, guardSharedDisks } from './sharing.ts'
import { waitForHeld } from './waiting.ts'
import { limitTime } from './windows.ts'
import { wishOf } from './wish.ts'

/** How a pass treats approvals: `all` is set when the very plan that was approved came out again. */
export type Approved = { readonly approvals: readonly Approval[]; readonly all?: Approval }

/** Adds the blocks of every gate to the drafts: suspension, hosts not heard, deletion limits, disks in use, disruption, time, what waits for something held, disks that another guest has. */
export function applyGates(
  context: PlanContext,
  drafts: readonly Draft[],
  gates: { readonly users: VolumeUsers; readonly approved: Approved },
): void {
  const { users, approved } = gates
  suspend(context, drafts)
  holdLeased(context, drafts)
  waitForHosts(context, drafts, approved)
  limitDeletions(context, drafts, approved)
  guardDisks(context, drafts, users)
  keepDisksInRules(context, drafts)
  for (const draft of drafts) keepDrift(context, draft, approved)
  for (const draft of drafts) limitDisruption(context, draft, approved)
  requireApprovals(context, drafts, approved.approvals)
  limitTime(context.policy, drafts, context.input.now)
  waitForHeld(context, drafts)
  guardSharedDisks(context, drafts, users)
  guardReadDisks(context, drafts, users)
}

/** What a plan tells of the approval of just this change, by a person's word or in Git; undefined where there is none. */
function approvalOf(context: PlanContext, draft: Draft, { approvals, all }: Approved): string | undefined {
  if (all !== undefined) return approvedNote(all)
  const signed = signedFor(context, draft, approvals)
  if (signed.length > 0) return signedNote(signed)
  const candidates = approvals.filter(
    (one) => one.plan !== undefined && !isSigned(one) && (one.key === undefined || one.key === draft.change.key),
  )
  if (candidates.length === 0) return undefined
  const digest = approvalDigest(draft)
  const found = candidates.find(({ plan }) => plan === digest)
  return found === undefined ? undefined : approvedNote(found)
}

function suspend(context: PlanContext, drafts: readonly Draft[]): void {
  for (const draft of drafts) {
    const { key, node } = draft.change
    // Of policies it is known already, as a host that waits for a person takes no other one's place.
    if (draft.blocked.some(({ reason }) => reason === 'Suspended')) continue
    draft.blocked.push(...suspensionBlocks(context, { key, ownerKey: draft.ownerKey, node }))
  }
}

/** What was changed by hand under a lease stands, and so nothing that Git asks for is done either: it would undo half of it. */
function holdLeased({ input }: PlanContext, drafts: readonly Draft[]): void {
  const leases = new Map((input.leases ?? []).map((lease) => [lease.key, lease]))
  if (leases.size === 0) return
  for (const draft of drafts) {
    const lease = leases.get(draft.change.key) ?? leases.get(draft.ownerKey ?? '')
    if (lease === undefined) continue
    const found = leaseInForce(lease, { now: input.now, wish: wishOf(lease.key, input.desired, input.observed) })
    if (found !== undefined) draft.blocked.push(leaseBlock(found))
  }
}

/** Never two of one: what no host reports is placed only when every host that may have it was heard. */
function waitForHosts(context: PlanContext, drafts: readonly Draft[], approved: Approved): void {
  const { unheard } = context.input
  if (unheard === undefined) return
  for (const draft of drafts) {
    const { key, action, notes } = draft.change
    if (action !== 'create' || key.startsWith('NodeNetworkConfigurationPolicy/')) continue
    const note = approvalOf(context, draft, approved)
    if (note === undefined) draft.blocked.push(unheardBlock(unheard))
    else notes.push(note)
  }
}

/** Deletions because a file is gone; a policy that only leaves a node is no deletion of this kind. */
function isPruning(context: PlanContext, { change }: Draft): boolean {
  return change.action === 'delete' && context.desired(change.key) === undefined
}

function limitDeletions(context: PlanContext, drafts: readonly Draft[], approved: Approved): void {
  const pruned = drafts.filter((draft) => isPruning(context, draft))
  if (pruned.length === 0 || approved.all !== undefined) return
  const limit = pruneBlock(context, pruneTotals(context, approvedDeletions(context, approved.approvals)))
  for (const draft of pruned) {
    const { key } = draft.change
    const blocks = [...(limit === undefined ? [] : [limit]), ...unreadableBlocks(context, key), ...unrecordedBlocks(context, key)]
    if (blocks.length === 0) continue
    const note = approvalOf(context, draft, approved)
    if (note === undefined) draft.blocked.push(...blocks)
    else draft.change.notes.push(note)
  }
}

/** Keys whose deletion a person approved, also those that this pass does not look at. */
function approvedDeletions(context: PlanContext, approvals: readonly Approval[]): ReadonlySet<ObjectKey> {
  const keys = new Set<ObjectKey>()
  for (const one of approvals) {
    const { key, plan } = one
    if (key === undefined || plan === undefined || context.desired(key) !== undefined || context.isUnknown(key)) continue
    if (isSigned(one) && !isInTime(context, one)) continue
    if (planDeletion(context, key).some((draft) => approvalDigest(withCovers(context, draft)) === plan)) keys.add(key)
  }
  return keys
}

/** A disk goes only when no machine has it any more, so its machine goes first and the disk with the next plan. */
function guardDisks(context: PlanContext, drafts: readonly Draft[], users: VolumeUsers): void {
  for (const draft of drafts) {
    const { key } = draft.change
    if (!key.startsWith('DataVolume/') || !isPruning(context, draft)) continue
    const wanted = [...context.input.desired.dependents(key)].filter((user) => context.desired(user)?.kind === 'VirtualMachine')
    if (wanted.length > 0) draft.blocked.push(stillWanted(wanted))
    for (const user of [...users.of(key)].sort()) if (!wanted.includes(user)) draft.blocked.push(stillUsed(user))
    for (const user of [...users.unrecordedOn(draft.change.node)].sort()) draft.blocked.push(maybeUsed(user))
  }
}

function stillWanted(users: readonly ObjectKey[]): Block {
  return {
    reason: 'Conflict',
    message: `Git no longer has the disk, but ${users.join(', ')} still uses it.`,
    unblock: 'Remove the volume from the machine as well, or bring the DataVolume back.',
  }
}

function stillUsed(user: ObjectKey): Block {
  return {
    reason: 'WaitingForDependency',
    message: `${user} still has the disk on its host.`,
    unblock: 'Nothing, if the machine is about to change or go; otherwise see why its own change waits.',
  }
}

function maybeUsed(user: ObjectKey): Block {
  return {
    reason: 'WaitingForDependency',
    message: `${user} may have the disk: its record on the same host is lost.`,
    unblock: 'Bring its manifest back into Git, or approve its deletion.',
  }
}

/** Where drift is only told, the steps that mend it wait for a person. */
function keepDrift(context: PlanContext, draft: Draft, approved: Approved): void {
  const block = driftBlock(context, draft)
  if (block === undefined) return
  const note = approvalOf(context, draft, approved)
  if (note === undefined) draft.blocked.push(block)
  else draft.change.notes.push(note)
}

/** Holds back what disturbs guests more than the Fleet lets go unattended. A restart alone is held back without its definition. */
function limitDisruption(context: PlanContext, draft: Draft, approved: Approved): void {
  if (draft.change.action === 'delete') return
  const limit = unattendedFor(context.policy, draft.labels)
  const held = draft.change.steps.filter(({ id, disruption }) => exceeds(disruption, limit) && draft.explicit?.includes(id) !== true)
  if (held.length === 0) return
  const note = approvalOf(context, draft, approved)
  if (note === undefined) draft.blocked.push(disruptionBlock(draft, held, limit))
  else draft.change.notes.push(note)
}

function disruptionBlock({ change }: Draft, held: readonly Step[], limit: string): Block {
  const onlyRestart = held.every(({ verb }) => verb === 'RestartDomain')
  const { kind, namespace, name } = parseKey(change.key)
  const waits = onlyRestart
    ? 'the guest must restart'
    : `${held.map(({ verb }) => verb).join(', ')} disturbs the guest (${held.at(-1)?.disruption ?? ''})`
  const restart = kind === 'VirtualMachine' && onlyRestart ? `Restart it (gitvirt restart ${name} -n ${namespace}), approve` : 'Approve'
  return {
    reason: 'DisruptionNotAllowed',
    message: `For this change ${waits}; without a person at most ${limit} is allowed.`,
    unblock: `${restart} this change, or raise spec.disruption in gitvirt.yaml.`,
    ...(onlyRestart ? { steps: held.map(({ id }) => id) } : {}),
  }
}

function approvedNote({ by, at }: Approval): string {
  return `Approved by ${by} at ${at}.`
}
