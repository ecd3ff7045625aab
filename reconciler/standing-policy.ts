import type { DesiredView } from './desired/types.ts'
import { digestOf } from './lib/digest.ts'
import { gatesOf, loadPolicy, type ApprovalPolicy, type Gates } from './plan/resolve/policy.ts'
import { approvalToken } from './plan/signed-approvals.ts'
import type { StandingGates } from './plan/types.ts'
import type { Settings } from './store/store.ts'

/** Keeps the limits and approvals of the Fleet that were in force before somebody changed them, until approvers sign the change. */
export type StandingPolicy = {
  /** The gates that hold in place of this revision's own; undefined where its own hold. */
  of(view: DesiredView): StandingGates | undefined
  /** How changes are approved, under the gates that hold. */
  approvals(view: DesiredView): ApprovalPolicy | undefined
  /** What approvers sign for the gates of a revision to hold, and how many of them must; undefined where they hold already. */
  asked(view: DesiredView): { readonly token: string; readonly count: number; readonly trailer: string } | undefined
  /** From now on the gates of this revision hold. */
  accept(view: DesiredView): void
}

export type StandingPorts = {
  readonly settings: Settings
  readonly environment: string
  /** False: there is nobody who could approve, so the Fleet's own gates always hold. */
  readonly approvers: boolean
}

const gatesSetting = 'approvals.gates'

export function createStandingPolicy({ settings, environment, approvers }: StandingPorts): StandingPolicy {
  let kept = readGates(settings)
  const differs = (view: DesiredView): Gates | undefined => {
    if (!approvers || kept?.approvals === undefined) return undefined
    const wanted = gatesOf(loadPolicy(view).policy)
    return digestOf(wanted) === digestOf(kept) ? undefined : wanted
  }
  const asked: StandingPolicy['asked'] = (view) => {
    const wanted = differs(view)
    if (wanted === undefined || kept?.approvals === undefined) return undefined
    const token = approvalToken(environment, [{ key: 'Fleet//gates', node: '', approval: digestOf(wanted) }])
    return { token, count: Math.max(1, ...kept.approvals.rules.map(({ count }) => count)), trailer: kept.approvals.trailer }
  }
  return {
    asked,
    of: (view) => {
      const question = asked(view)
      if (question === undefined || kept === undefined) return undefined
      const { token, count, trailer } = question
      const people = count === 1 ? 'an approver signs' : `${count} approvers sign`
      const message = `gitvirt.yaml changes what goes unattended, what may be deleted, or who approves. What held before holds until ${people} a commit with the trailer "${trailer}: ${token}".`
      return { gates: kept, message }
    },
    approvals: (view) => (differs(view) === undefined ? loadPolicy(view).policy.approvals : kept?.approvals),
    accept: (view) => {
      const wanted = gatesOf(loadPolicy(view).policy)
      if (kept === undefined ? wanted.approvals === undefined : digestOf(wanted) === digestOf(kept)) return
      kept = wanted
      settings.put(gatesSetting, JSON.stringify(wanted))
    },
  }
}

function readGates(settings: Settings): Gates | undefined {
  const text = settings.get(gatesSetting)
  return text === undefined ? undefined : (JSON.parse(text) as Gates)
}
