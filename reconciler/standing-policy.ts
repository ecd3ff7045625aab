import { posix } from 'node:path'
import type { DesiredView } from './desired/types.ts'
import { digestOf } from './lib/digest.ts'
import { declaredFleet, gatesOf, loadPolicy, type ApprovalPolicy, type ApprovalRule, type Gates } from './plan/resolve/policy.ts'
import { approvalToken, counts, distinct } from './plan/signed-approvals.ts'
import type { SignedApproval, StandingGates } from './plan/types.ts'
import type { Settings } from './store/store.ts'

/** Keeps the limits and approvals of the Fleet that were in force before somebody changed them, until approvers sign the change. */
export type StandingPolicy = {
  /** The gates that hold in place of this revision's own; undefined where its own hold. */
  of(view: DesiredView): StandingGates | undefined
  /** How changes are approved, under the gates that hold. */
  approvals(view: DesiredView): ApprovalPolicy | undefined
  /** What approvers sign for the gates of a revision to hold, and how many of them must; undefined where they hold already. */
  asked(view: DesiredView): { readonly token: string; readonly count: number; readonly trailer: string } | undefined
  /** True where those who signed are enough for every rule that holds: as many of its own signers as it says, and one in any case. */
  met(approvals: readonly Pick<SignedApproval, 'signer'>[]): boolean
  /** Files whose writers are the makers of a change of the gates: where the Fleet was when its gates came to hold, and where it is now. */
  paths(view: DesiredView): readonly string[]
  /** From now on the gates of this revision hold; those of a Fleet that cannot be read never do. */
  accept(view: DesiredView): void
}

export type StandingPorts = {
  readonly settings: Settings
  readonly environment: string
  /** The folder of the environment, from the repository's root. */
  readonly root: string
  /** False: there is nobody who could approve, so the Fleet's own gates always hold. */
  readonly approvers: boolean
}

const gatesSetting = 'approvals.gates'
const pathsSetting = 'approvals.gatesPaths'

export function createStandingPolicy({ settings, environment, root, approvers }: StandingPorts): StandingPolicy {
  let kept = readGates(settings)
  const isAsking = (): boolean => approvers && kept?.approvals !== undefined
  const differs = (view: DesiredView): Gates | undefined => {
    // What cannot be read wants nothing that anybody could sign.
    if (!isAsking() || declaredFleet(view).broken !== undefined) return undefined
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
      const { broken } = declaredFleet(view)
      if (broken !== undefined && kept !== undefined && isAsking()) return { gates: kept, message: brokenMessage }
      const question = asked(view)
      if (question === undefined || kept === undefined) return undefined
      const { token, count, trailer } = question
      const people = count === 1 ? 'an approver signs' : `${count} approvers sign`
      const message = `gitvirt.yaml changes what goes unattended, what may be deleted, or who approves. What held before holds until ${people} a commit with the trailer "${trailer}: ${token}"${ofRules(kept)}.`
      return { gates: kept, message }
    },
    approvals: (view) => (isAsking() ? kept?.approvals : loadPolicy(view).policy.approvals),
    met: (given) => {
      const rules: readonly Pick<ApprovalRule, 'count' | 'signers'>[] = [{ count: 1 }, ...(kept?.approvals?.rules ?? [])]
      return rules.every((rule) => distinct(given.filter((one) => counts(rule, one))).length >= rule.count)
    },
    paths: (view) => [
      ...new Set([...readPaths(settings), ...fleetPaths(view), posix.join(root, 'gitvirt.yaml'), posix.join(root, 'gitvirt.yml')]),
    ],
    accept: (view) => {
      if (declaredFleet(view).broken !== undefined) return
      const paths = JSON.stringify(fleetPaths(view))
      if (settings.get(pathsSetting) !== paths) settings.put(pathsSetting, paths)
      const wanted = gatesOf(loadPolicy(view).policy)
      if (kept === undefined ? wanted.approvals === undefined : digestOf(wanted) === digestOf(kept)) return
      kept = wanted
      settings.put(gatesSetting, JSON.stringify(wanted))
    },
  }
}

/** Who they must be, where the rules that hold name them. */
function ofRules({ approvals }: Gates): string {
  const named = (approvals?.rules ?? []).flatMap(({ count, signers }) =>
    signers === undefined ? [] : [`${count} of ${signers.join(', ')}`],
  )
  return named.length === 0 ? '' : `; among them must be ${[...new Set(named)].join(', and ')}`
}

const brokenMessage = 'gitvirt.yaml cannot be read. What held before holds until it can, and nobody can approve it as it is.'

function fleetPaths(view: DesiredView): string[] {
  return [...view.keysOf('Fleet')].toSorted().flatMap((key) => view.get(key)?.origin.path ?? [])
}

function readPaths(settings: Settings): string[] {
  return JSON.parse(settings.get(pathsSetting) ?? '[]') as string[]
}

function readGates(settings: Settings): Gates | undefined {
  const text = settings.get(gatesSetting)
  // Gates that were kept before drift was one of them are those of a Fleet without a word of it.
  return text === undefined
    ? undefined
    : { drift: { mode: 'correct', rules: [] }, ...(JSON.parse(text) as Omit<Gates, 'drift'> & Partial<Gates>) }
}
