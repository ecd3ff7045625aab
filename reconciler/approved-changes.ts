import type { Change } from '../schemas/generated/plan.ts'
import { pathsOfChange } from './change-writers.ts'
import type { DesiredView } from './desired/types.ts'
import { rootOf } from './lib/folders-above.ts'
import type { ObservedView } from './observed/types.ts'
import { approvalToken } from './plan/signed-approvals.ts'
import type { CommitApproval } from './trust/approval.ts'
import { isMaker } from './trust/people.ts'

/** Which changes each token that people may have read names: all of a set that wait, and each of them by itself. */
export function namedChanges(environment: string, sets: readonly (readonly Change[])[]): ReadonlyMap<string, readonly Change[]> {
  const named = new Map<string, readonly Change[]>()
  const take = (waiting: readonly Change[]): void => void (waiting.length > 0 && named.set(approvalToken(environment, waiting), waiting))
  for (const changes of sets) {
    const waiting = changes.filter(({ approval }) => approval !== undefined)
    for (const change of waiting) take([change])
    take(waiting)
  }
  return named
}

export type Makers = {
  readonly desired: DesiredView
  readonly observed: ObservedView
  /** Who changed these files since they were last in force. */
  readonly writers: (paths: ReadonlySet<string>) => readonly string[]
}

/**
 * Why the approval of a change does not count, in words that follow "does not count: "; undefined where it counts: the one who approves is
 * among those who made the change, or nobody can tell who did, as commits of other sources are not looked at.
 */
export function whyOwn(
  change: Change,
  { people, signer }: Pick<CommitApproval, 'people' | 'signer'>,
  { desired, observed, writers }: Makers,
): string | undefined {
  const paths = pathsOfChange(change, desired, observed)
  const foreign = [...paths].find((path) => rootOf(path) !== '')
  if (foreign !== undefined) return `who wrote ${foreign}, in another source of the environment, is not known`
  const makers = new Set(writers(paths))
  return isMaker(people, makers) ? `${signer.name} made the change` : undefined
}

/** Changes whose approval does not count, by the reason. */
export function ownChanges(changes: readonly Change[], why: (change: Change) => string | undefined): ReadonlyMap<string, Change[]> {
  const own = new Map<string, Change[]>()
  for (const change of changes) {
    const reason = why(change)
    if (reason !== undefined) own.set(reason, [...(own.get(reason) ?? []), change])
  }
  return own
}

export function countOf(changes: readonly Change[]): string {
  return changes.length === 1 ? `the change of ${changes[0]?.key ?? ''}` : `${changes.length} changes`
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 12)
}
