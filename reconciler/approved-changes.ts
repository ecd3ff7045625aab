import type { Change } from '../schemas/generated/plan.ts'
import { pathsOfChange } from './change-writers.ts'
import type { DesiredView } from './desired/types.ts'
import type { ObservedView } from './observed/types.ts'
import { approvalToken } from './plan/signed-approvals.ts'
import type { CommitApproval } from './trust/approval.ts'

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

/** True where the one who approves is among those who made the change. */
export function isOwnChange(change: Change, { people }: Pick<CommitApproval, 'people'>, { desired, observed, writers }: Makers): boolean {
  const makers = new Set(writers(pathsOfChange(change, desired, observed)))
  return people.some((one) => makers.has(one))
}

export function countOf(changes: readonly Change[]): string {
  return changes.length === 1 ? `the change of ${changes[0]?.key ?? ''}` : `${changes.length} changes`
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 12)
}
