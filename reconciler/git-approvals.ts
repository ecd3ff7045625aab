import { judgeGates } from './approval-gates.ts'
import { matchPending, pendingNow, tellPending } from './approval-matching.ts'
import { createApprovalNews, type ApprovalNews } from './approval-news.ts'
import { isUnseen, readNew } from './approval-reading.ts'
import { recheck } from './approval-recheck.ts'
import { forgetDone } from './approval-writers.ts'
import type { DesiredView } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import type { ApprovalPolicy } from './plan/resolve/policy.ts'
import type { Source } from './source/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import type { Status } from './status/status.ts'
import type { Store } from './store/store.ts'
import type { Keys } from './trust/verify-signature.ts'

/** Takes up the approvals that signed commits of the tracked branch carry. */
export type GitApprovals = {
  /** To be awaited before a revision comes into force, so that nothing of it goes by an approval that has ended; never throws. */
  before(commit: string, next: DesiredView): Promise<void>
  /** To be called with the revision in force at each look at the repository; never throws: what fails is tried again with the next look. */
  arrived(commit: string, before: DesiredView | undefined): Promise<void>
}

export type GitApprovalPorts = {
  readonly source: Pick<Source, 'commits' | 'changes' | 'sameTree' | 'isAncestor' | 'between'>
  readonly loop: Pick<Loop, 'current' | 'view' | 'surroundings' | 'enqueue'>
  readonly observed: ObservedView
  readonly store: Pick<Store, 'settings' | 'gitApprovals' | 'transaction'>
  readonly status: Pick<Status, 'record' | 'together'>
  readonly standing: StandingPolicy
  /** Of approvers; absent: no approval can count. */
  readonly keys: Keys | undefined
  readonly environment: string
  /** True where what is in force was rendered from an overlay. */
  readonly rendered: () => boolean
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

export function createGitApprovals(given: GitApprovalPorts): GitApprovals {
  const ports = { ...given, news: createApprovalNews(given) }
  return {
    before: async (commit, next) => {
      await recheck(ports, { view: next, head: commit })
      try {
        forgetDone(ports)
      } catch (error) {
        // Then more people count as makers than are: that lets nothing through.
        ports.log.warn({ error: describeError(error) }, 'cannot tell which changes are done')
      }
    },
    arrived: async (commit, before) => {
      const { keys, standing } = ports
      const view = ports.loop.view()
      // First and by itself: whatever else fails, what was revoked counts no more.
      if (view !== undefined && (await recheck(ports, { view, head: commit }))) ports.loop.enqueue()
      const policy = view === undefined ? undefined : standing.approvals(view)
      try {
        const counting = view !== undefined && policy !== undefined && keys !== undefined
        if (counting) {
          // The first gates that ask for approvals hold from the start; every change of them is asked of those who approve.
          if (standing.of(view) === undefined) standing.accept(view)
          await round({ ...ports, keys, policy, head: commit, before })
        }
        settle(ports, counting)
      } catch (error) {
        ports.log.warn({ error: describeError(error) }, 'approvals in Git could not be taken up; it is tried again')
      }
    },
  }
}

type RoundPorts = GitApprovalPorts & {
  readonly news: ApprovalNews
  readonly keys: Keys
  readonly policy: ApprovalPolicy
  readonly head: string
  readonly before: DesiredView | undefined
}

/** One look at the approvals that are new, that wait for their change, and that hold. */
async function round(ports: RoundPorts): Promise<void> {
  const isNew = isUnseen(ports)
  if (isNew) await readNew(ports)
  const loosened = await judgeGates(ports, isNew)
  const matched = await matchPending(ports)
  if (isNew) tellPending(ports)
  if (loosened || matched) ports.loop.enqueue()
}

/** Ends what was told of approvals and holds no more. A plan of everything is made only where something was told. */
function settle(ports: GitApprovalPorts & { readonly news: ApprovalNews }, counting: boolean): void {
  const { loop, standing, news } = ports
  const view = loop.view()
  if (view === undefined) return
  news.settle({
    waits: () => standing.of(view) !== undefined || loop.current()?.changes.some(({ approval }) => approval !== undefined) !== false,
    pending: () => counting && pendingNow(ports).length > 0,
  })
}
