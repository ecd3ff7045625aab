import { countOf, namedChanges, ownChanges, shortCommit, whyOwn } from './approved-changes.ts'
import { writersOfCommits } from './change-writers.ts'
import type { DesiredView } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import type { ObservedView } from './observed/types.ts'
import type { Preview } from './plan/preview.ts'
import type { ApprovalPolicy } from './plan/resolve/policy.ts'
import type { SignedApproval } from './plan/types.ts'
import type { MergeResult } from './source/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import { everyFile, type ApprovalRecords } from './store/approval-records.ts'
import { isRefused, readApproval, type CommitApproval } from './trust/approval.ts'
import type { Keys } from './trust/verify-signature.ts'

/** What the commits of a request approve; once merged, they do so for good. */
export type RequestApprovals = {
  /**
   * @throws GitvirtError what reading commits and keys throws
   */
  of(request: RequestToApprove): Promise<RequestWords>
}

export type RequestToApprove = {
  readonly merge: Pick<MergeResult, 'commits' | 'changes' | 'sameTree'>
  /** The tracked branch, whose policy holds. */
  readonly tracked: DesiredView
  readonly merged: DesiredView
  /** True where the one or the other is rendered from an overlay. */
  readonly rendered: boolean
  /** What merging would do without these approvals. */
  readonly preview: Pick<Preview, 'plan' | 'pending'>
}

export type RequestWords = { readonly approvals: readonly SignedApproval[]; readonly told: readonly string[] }

export type RequestApprovalPorts = {
  readonly keys: Keys | undefined
  readonly standing: StandingPolicy
  readonly environment: string
  readonly records: Pick<ApprovalRecords, 'writers'>
  readonly observed: ObservedView
  readonly clock: Pick<Clock, 'now'>
}

const nothing: RequestWords = { approvals: [], told: [] }

export function createRequestApprovals(ports: RequestApprovalPorts): RequestApprovals {
  return {
    of: async (request) => {
      const policy = ports.standing.approvals(request.tracked)
      const { keys } = ports
      if (policy === undefined || keys === undefined) return nothing
      const asked = ports.standing.asked(request.merged)
      const words = await wordsOf({ ...ports, keys, policy, gates: asked?.token }, request)
      const waits = asked === undefined ? [] : [`${ports.standing.of(request.merged)?.message ?? ''} The same holds after the merge.`]
      return { ...words, told: [...words.told, ...waits] }
    },
  }
}

type Judging = RequestApprovalPorts & { readonly keys: Keys; readonly policy: ApprovalPolicy; readonly gates: string | undefined }

async function wordsOf(judging: Judging, request: RequestToApprove): Promise<RequestWords> {
  const { keys, policy, clock } = judging
  const { trailer, validMilliseconds } = policy
  const commits = await request.merge.commits()
  const approvals: CommitApproval[] = []
  const told: string[] = []
  for (const commit of commits) {
    const found = await readApproval(commit, { keys, trailer, validMilliseconds, now: clock.now() })
    if (found === undefined) continue
    if (isRefused(found)) told.push(`The approval in commit ${shortCommit(found.commit)} does not count: ${found.why}.`)
    else approvals.push(found)
  }
  if (approvals.length === 0) return { approvals: [], told }
  const written = await writersOfCommits(commits, { source: request.merge, keys, rendered: request.rendered })
  const given = approvals.map((approval) => grantsOf({ ...judging, ...request, written }, approval))
  return { approvals: given.flatMap((one) => one.approvals), told: [...told, ...given.flatMap((one) => one.told)] }
}

type Granting = Judging & RequestToApprove & { readonly written: Awaited<ReturnType<typeof writersOfCommits>> }

function grantsOf({ written, ...request }: Granting, approval: CommitApproval): RequestWords {
  const { preview, environment, policy, gates, merged, observed, records, clock } = request
  const { commit, signer, tokens } = approval
  const made = approval.at.toISOString()
  const waited = new Set(preview.pending)
  const added = preview.plan.changes.filter(({ key }) => !waited.has(key))
  const named = namedChanges(environment, [added])
  const changes = [...new Set(tokens.flatMap((token) => named.get(token) ?? []))]
  const writers = (paths: ReadonlySet<string>): string[] => [
    ...records.writers(paths),
    ...written.flatMap((one) => (one.paths.some((path) => path === everyFile || paths.has(path)) ? one.people : [])),
  ]
  const makers = { desired: merged, observed, writers }
  const own = ownChanges(changes, (change) => (policy.ownChanges ? undefined : whyOwn(change, approval, makers)))
  const others = changes.filter((change) => [...own.values()].every((some) => !some.includes(change)))
  const at = clock.now().toISOString()
  return {
    approvals: others.map(({ key, approval: plan = '' }) => ({ key, plan, by: signer.name, at, signer, commit, made })),
    told: [
      ...(tokens.some((token) => token === gates) ? [`Commit ${shortCommit(commit)} approves the limits of gitvirt.yaml.`] : []),
      ...(changes.length === 0 && !tokens.some((token) => token === gates)
        ? [`Commit ${shortCommit(commit)} approves nothing that this request does as it is now.`]
        : []),
      ...(others.length === 0 ? [] : [`${signer.name} approves ${countOf(others)} by commit ${shortCommit(commit)}.`]),
      ...[...own].map(([why, some]) => `Commit ${shortCommit(commit)} does not approve ${countOf(some)}: ${why}.`),
    ],
  }
}
