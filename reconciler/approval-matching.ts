import type { Change, Plan } from '../schemas/generated/plan.ts'
import type { ApprovalNews } from './approval-news.ts'
import { judgeCommit, type Judging } from './approval-recheck.ts'
import { countOf, namedChanges, ownChanges, shortCommit, whyOwn } from './approved-changes.ts'
import type { DesiredView } from './desired/types.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import { preview } from './plan/preview.ts'
import type { Source } from './source/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import type { Status } from './status/status.ts'
import type { PendingRecord } from './store/approval-records.ts'
import type { Store } from './store/store.ts'
import type { CommitApproval } from './trust/approval.ts'

type MatchingPorts = Judging & {
  readonly source: Pick<Source, 'commits'>
  readonly store: Pick<Store, 'gitApprovals'>
  readonly status: Pick<Status, 'together'>
  readonly loop: Pick<Loop, 'current' | 'view' | 'surroundings'>
  readonly observed: ObservedView
  readonly standing: Pick<StandingPolicy, 'asked'>
  readonly environment: string
  /** What was in force before the revision that just arrived. */
  readonly before: DesiredView | undefined
  readonly news: ApprovalNews
}

/** Binds approvals to the changes that they name, so that these hold while some of them are carried out already. */
export async function matchPending(ports: MatchingPorts): Promise<boolean> {
  const { store, source, status } = ports
  const pending = store.gitApprovals.pending()
  if (pending.length === 0) return false
  const named = namedNow(ports)
  let matched = false
  for (const one of pending) {
    const changes = named.get(one.token)
    if (changes === undefined) continue
    const [raw] = await source.commits(undefined, one.commit)
    const approval = raw === undefined ? undefined : await judgeCommit(raw, ports)
    if (approval === undefined) continue
    status.together(() => give(ports, { approval, changes, pending: one }))
    matched = true
  }
  return matched
}

type Gift = { readonly approval: CommitApproval; readonly changes: readonly Change[]; readonly pending: PendingRecord }

function give(ports: MatchingPorts, { approval, changes, pending }: Gift): void {
  const { store, clock, news } = ports
  const { commit, signer, at } = approval
  const own = ownChanges(changes, (change) => whyOwnNow(ports, change, approval))
  const others = changes.filter((change) => [...own.values()].every((some) => !some.includes(change)))
  for (const { key, approval: plan = '' } of others)
    store.gitApprovals.give({ key, plan, by: signer.name, signer, commit, at: clock.now().toISOString(), made: at.toISOString() })
  store.gitApprovals.settle(pending)
  if (others.length > 0) {
    const message = `${signer.name} approved ${countOf(others)} by commit ${shortCommit(commit)}.`
    news.told({ type: 'Normal', reason: 'ApprovedInGit', message })
  }
  for (const [why, some] of own)
    news.ignored(
      `The approval of ${countOf(some)} in commit ${shortCommit(commit)} does not count: ${why}, and spec.approvals.ownChanges is not set.`,
    )
}

function whyOwnNow({ policy, store, loop, observed }: MatchingPorts, change: Change, approval: CommitApproval): string | undefined {
  const desired = loop.view()
  if (policy.ownChanges) return undefined
  if (desired === undefined) return 'nobody can tell who made the change'
  return whyOwn(change, approval, { desired, observed, writers: (paths) => store.gitApprovals.writers(paths) })
}

/** Of all that waits, and of what a merge just brought, as its request told. */
function namedNow({ loop, before, environment }: MatchingPorts): ReadonlyMap<string, readonly Change[]> {
  const view = loop.view()
  const merged = before !== undefined && view !== undefined && before.revision !== view.revision
  return namedChanges(environment, [...(merged ? [addedBy(before, view, loop)] : []), loop.current()?.changes ?? []])
}

/** The changes that the request told of, which waits of other changes do not alter. */
function addedBy(tracked: DesiredView, merged: DesiredView, loop: Pick<Loop, 'surroundings'>): Plan['changes'] {
  const { plan, pending } = preview({ ...loop.surroundings(tracked), tracked, merged })
  const waited = new Set(pending)
  return plan.changes.filter(({ key }) => !waited.has(key))
}

/** Tells of each approval that names nothing; one of the limits waits where it should. */
export function tellPending(ports: MatchingPorts): void {
  for (const { commit, token } of pendingNow(ports))
    ports.news.pending(
      `Commit ${shortCommit(commit)} approves ${token.slice(0, 12)}…, which is nothing that waits now; it counts once just that does. "gitvirt plan" tells what to sign.`,
    )
}

/** Approvals that name nothing yet, but for those of the limits. */
export function pendingNow({ loop, standing, store }: Pick<MatchingPorts, 'loop' | 'standing' | 'store'>): PendingRecord[] {
  const view = loop.view()
  const asked = view === undefined ? undefined : standing.asked(view)?.token
  return store.gitApprovals.pending().filter(({ token }) => token !== asked)
}
