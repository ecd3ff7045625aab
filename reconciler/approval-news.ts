import type { Status } from './status/status.ts'
import { everything } from './suspender.ts'

/** Tells people of approvals in Git. */
export type ApprovalNews = {
  /** Words that were meant as an approval, and do not count. */
  ignored(message: string): void
  /** An approval that names nothing that waits. */
  pending(message: string): void
  /** What else becomes of approvals. */
  told(news: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }): void
}

export function createApprovalNews({ status }: { readonly status: Pick<Status, 'record'> }): ApprovalNews {
  const told: ApprovalNews['told'] = (news) => status.record({ key: everything, ...news })
  return {
    ignored: (message) => told({ type: 'Warning', reason: 'ApprovalIgnored', message }),
    pending: (message) => told({ type: 'Warning', reason: 'ApprovalPending', message }),
    told,
  }
}
