import type { ApprovalNews } from './approval-news.ts'
import { judgeCommit, type Judging } from './approval-recheck.ts'
import { shortCommit } from './approved-changes.ts'
import type { Loop } from './loop.ts'
import { distinct } from './plan/signed-approvals.ts'
import type { Source } from './source/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import type { Status } from './status/status.ts'
import type { Store } from './store/store.ts'
import type { CommitApproval } from './trust/approval.ts'
import { isMaker } from './trust/people.ts'

type GatePorts = Judging & {
  readonly source: Pick<Source, 'commits'>
  readonly store: Pick<Store, 'gitApprovals'>
  readonly status: Pick<Status, 'together'>
  readonly loop: Pick<Loop, 'view'>
  readonly standing: StandingPolicy
  readonly news: ApprovalNews
}

/** Lets a change of the gates themselves hold once enough signed it who did not make it; true where it does now. */
export async function judgeGates(ports: GatePorts, isNew: boolean): Promise<boolean> {
  const { loop, standing, store, status, source, policy, news } = ports
  const view = loop.view()
  const asked = view === undefined ? undefined : standing.asked(view)
  if (view === undefined || asked === undefined) return false
  const given = store.gitApprovals.pending().filter(({ token }) => token === asked.token)
  const makers = new Set(store.gitApprovals.writers(standing.paths(view)))
  const counted: CommitApproval[] = []
  for (const { commit } of given) {
    const [raw] = await source.commits(undefined, commit)
    const approval = raw === undefined ? undefined : await judgeCommit(raw, ports)
    if (approval === undefined) continue
    if (!policy.ownChanges && isMaker(approval.people, makers))
      news.ignored(`The approval of gitvirt.yaml in commit ${shortCommit(commit)} does not count: ${approval.signer.name} made the change.`)
    else counted.push(approval)
  }
  if (!standing.met(counted)) {
    if (isNew) news.told({ type: 'Warning', reason: 'PolicyHeld', message: standing.of(view)?.message ?? '' })
    return false
  }
  const message = `The limits and approvals of gitvirt.yaml hold now: ${distinct(counted).length} approved them.`
  status.together(() => {
    for (const one of given) store.gitApprovals.settle(one)
    news.told({ type: 'Normal', reason: 'PolicyApproved', message })
    standing.accept(view)
  })
  return true
}
