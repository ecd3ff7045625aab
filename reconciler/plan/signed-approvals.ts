import type { Block, Change, Plan } from '../../schemas/generated/plan.ts'
import { digestOf } from '../lib/digest.ts'
import { rootOf } from '../lib/folders-above.ts'
import type { PlanContext } from './context.ts'
import { approvalDigest, type Draft } from './draft.ts'
import type { ApprovalPolicy, ApprovalRule } from './resolve/policy.ts'
import { labelWords, speechOf, type Speech } from './rule-labels.ts'
import type { Approval, SignedApproval } from './types.ts'
import { heldSteps } from './windows.ts'

/** What a signed commit must say for the changes that wait. */
export type Signing = NonNullable<Plan['signing']>

/**
 * What a signed trailer names: the environment, and of each change where it happens and the acts and specs that it brings. Stays equal
 * while these do, whichever commit they come from; another change, another object or another environment has another one.
 */
export function approvalToken(environment: string, changes: readonly Pick<Change, 'key' | 'node' | 'approval'>[]): string {
  const wishes = changes.map(({ key, node, approval = '' }) => `${key} ${node} ${approval}`)
  return digestOf({ environment, wishes: wishes.sort() })
}

/** The trailer that approves all that waits for a person among these changes; undefined where nothing does, or none would count. */
export function signingOf(context: PlanContext, changes: readonly Change[]): Signing | undefined {
  const { environment } = context.input
  const { approvals } = context.policy
  return approvals === undefined ? undefined : signingWith(approvals.trailer, environment, changes)
}

/** The same with a trailer of this name. */
export function signingWith(trailer: string, environment: string | undefined, changes: readonly Change[]): Signing | undefined {
  const waiting = environment === undefined ? [] : changes.filter(({ approval }) => approval !== undefined)
  if (environment === undefined || waiting.length === 0) return undefined
  return { trailer, token: approvalToken(environment, waiting), changes: waiting.length }
}

/** The approvals in Git for just this change; one for each signer. Empty where the Fleet has no word of approvals. */
export function signedFor(context: PlanContext, draft: Draft, approvals: readonly Approval[]): SignedApproval[] {
  if (context.policy.approvals === undefined) return []
  const signed = approvals.filter(isSigned).filter((one) => one.key === draft.change.key && isInTime(context, one))
  if (signed.length === 0) return []
  const digest = approvalDigest(draft)
  return distinct(signed.filter(({ plan }) => plan === digest))
}

/** An approval in Git ends by itself, also while nobody can look at its commit again. */
export function isInTime({ policy, input }: PlanContext, { made }: SignedApproval): boolean {
  if (policy.approvals === undefined || made === undefined) return false
  return Date.parse(made) + policy.approvals.validMilliseconds >= input.now.getTime()
}

export function isSigned(approval: Approval): approval is SignedApproval {
  return approval.signer !== undefined
}

/** One key under two names, and one name with two keys, are one signer. */
export function distinct<T extends Pick<SignedApproval, 'signer'>>(approvals: readonly T[]): T[] {
  const seen = new Set<string>()
  return approvals.filter(({ signer: { name, fingerprint } }) => {
    if (seen.has(name) || seen.has(fingerprint)) return false
    seen.add(name).add(fingerprint)
    return true
  })
}

/** Holds back what a rule of the Fleet wants approved in Git and is not; a restart alone is held back without its definition. */
export function requireApprovals(context: PlanContext, drafts: readonly Draft[], approvals: readonly Approval[]): void {
  const policy = context.policy.approvals
  if (policy === undefined || policy.rules.length === 0) return
  for (const draft of drafts) {
    const rules = policy.rules.flatMap((rule) => {
      const speech = speechOf(context, draft, rule)
      const steps = speech === undefined ? undefined : speech === 'speaks' ? heldSteps(draft, rule.from) : {}
      return speech === undefined || steps === undefined ? [] : [{ rule, steps, speech }]
    })
    if (rules.length === 0) continue
    const signed = signedFor(context, draft, approvals)
    const unmet = rules.filter(({ rule }) => signed.filter((one) => counts(rule, one)).length < rule.count)
    for (const { rule, steps, speech } of unmet)
      draft.blocked.push({ ...requiredBlock({ context, policy, rule, speech }, draft, signed), ...steps })
    const note = signedNote(signed)
    if (unmet.length === 0 && !draft.change.notes.includes(note)) draft.change.notes.push(note)
  }
}

export function counts({ signers }: Pick<ApprovalRule, 'signers'>, { signer }: Pick<SignedApproval, 'signer'>): boolean {
  return signers === undefined || signers.includes(signer.name) || signers.includes(signer.fingerprint)
}

type Required = {
  readonly context: PlanContext
  readonly policy: ApprovalPolicy
  readonly rule: ApprovalRule
  readonly speech: Speech
}

function requiredBlock({ context, policy, rule, speech }: Required, draft: Draft, signed: readonly SignedApproval[]): Block {
  const { key, node } = draft.change
  const what = whatNeeds(rule, speech)
  const given = signed.filter((one) => counts(rule, one))
  const known = given.length === 0 ? 'none is there' : `${given.length} there, by ${given.map(({ by }) => by).join(', ')}`
  const who = rule.signers === undefined ? '' : ` of ${rule.signers.join(', ')}`
  const token = approvalToken(context.input.environment ?? '', [{ key, node, approval: approvalDigest(draft) }])
  return {
    reason: 'ApprovalRequired',
    message: `${what} needs ${rule.count} ${rule.count === 1 ? 'approval' : 'approvals'} by signed commits${who}; ${known}.`,
    unblock:
      context.input.environment === undefined
        ? 'Approve it by a signed commit.'
        : `Sign a commit with the trailer "${policy.trailer}: ${token}"${whoMaySign(policy, draft.change)}`,
  }
}

function whatNeeds(rule: ApprovalRule, speech: Speech): string {
  if (speech === 'speaks') return rule.from === 'none' ? 'This change' : `A change of class ${rule.from} or above`
  const labels = labelWords(rule)
  const named = `the ${labels.length === 1 ? 'label' : 'labels'} ${labels.join(', ')}`
  return speech === 'leaves'
    ? `This change takes off ${named}, by which a rule goes, and`
    : `Its host does not tell whether it had ${named}, by which a rule goes: this change may take that off, and`
}

/** Commits of other sources are not looked at, so that nobody is known to have had no part in what these declare. */
function whoMaySign({ ownChanges }: ApprovalPolicy, { origin }: Pick<Change, 'origin'>): string {
  if (ownChanges) return '.'
  if (origin === undefined || rootOf(origin.path) === '') return ', which its author cannot.'
  return `, which counts with spec.approvals.ownChanges only: who wrote ${origin.path}, in another source, is not known.`
}

/** Who approved a change in Git, as a plan tells it. */
export function signedNote(signed: readonly SignedApproval[]): string {
  return `Approved by ${signed.map(({ by, commit }) => `${by} (commit ${commit.slice(0, 12)})`).join(', ')}.`
}
