import type { ApprovalNews } from './approval-news.ts'
import { shortCommit } from './approved-changes.ts'
import type { DesiredView } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { ApprovalPolicy } from './plan/resolve/policy.ts'
import type { Source } from './source/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import type { Store } from './store/store.ts'
import { isRefused, readApproval, type CommitApproval } from './trust/approval.ts'
import type { RawCommit } from './trust/trust.ts'
import type { Keys } from './trust/verify-signature.ts'

/** What the words of a commit are judged by. */
export type Judging = {
  readonly keys: Keys
  readonly policy: ApprovalPolicy
  readonly clock: Pick<Clock, 'now'>
  readonly news: Pick<ApprovalNews, 'ignored'>
}

type RecheckPorts = Omit<Judging, 'keys' | 'policy'> & {
  readonly source: Pick<Source, 'commits' | 'isAncestor'>
  readonly store: Pick<Store, 'gitApprovals'>
  readonly standing: Pick<StandingPolicy, 'approvals'>
  /** Absent: no approval can count. */
  readonly keys: Keys | undefined
  readonly log: Logger
}

/**
 * An approval ends with the key that gave it, with its time, and with its commit's place in the history, which ends with the revision
 * that is looked at. What cannot be looked at counts for nothing until it can. True where that differs from before.
 */
export async function recheck(
  ports: RecheckPorts,
  { view, head }: { readonly view: DesiredView; readonly head: string },
): Promise<boolean> {
  const records = ports.store.gitApprovals
  const signed = records.signed()
  const known = new Map(signed.map(({ commit, made }) => [commit, made]))
  const commits = new Set([...signed, ...records.pending()].map(({ commit }) => commit))
  if (commits.size === 0) return false
  // Where the Fleet has no word of approvals, none counts, and nothing tells how one would read.
  const policy = ports.standing.approvals(view)
  if (policy === undefined) return false
  let differs = false
  for (const commit of commits) {
    try {
      const made = await stillGiven(commit, { ...ports, keys: ports.keys ?? {}, policy, head })
      if (made === undefined) records.revoke(commit)
      else records.confirm(commit, made)
      if (made === undefined || (known.has(commit) && known.get(commit) !== made)) differs = true
    } catch (error) {
      records.confirm(commit, undefined)
      differs ||= known.get(commit) !== undefined
      ports.log.warn({ error: describeError(error), commit }, 'an approval cannot be looked at again, and does not count until it can')
    }
  }
  return differs
}

/** When the commit of an approval that still counts was made; undefined where it counts no more, which is told. */
async function stillGiven(
  commit: string,
  judging: Judging & { readonly source: RecheckPorts['source']; readonly head: string },
): Promise<string | undefined> {
  const { source, head } = judging
  if (!(await source.isAncestor(commit, head))) {
    judging.news.ignored(`The approval in commit ${shortCommit(commit)} counts no more: the branch has lost the commit.`)
    return undefined
  }
  const [raw] = await source.commits(undefined, commit)
  const approval = raw === undefined ? undefined : await judgeCommit(raw, judging)
  return approval?.at.toISOString()
}

/** What a commit approves; what does not count is told. */
export async function judgeCommit(commit: RawCommit, judging: Judging): Promise<CommitApproval | undefined> {
  const { keys, policy, clock } = judging
  const { trailer, validMilliseconds } = policy
  const found = await readApproval(commit, { keys, trailer, validMilliseconds, now: clock.now() })
  if (found === undefined || !isRefused(found)) return found
  judging.news.ignored(`The approval in commit ${shortCommit(found.commit)} does not count: ${found.why}.`)
  return undefined
}
