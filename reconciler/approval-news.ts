import type { Status } from './status/status.ts'
import { everything } from './suspender.ts'
import type { Store } from './store/store.ts'

/** Tells people of approvals in Git, and of troubles with them when these are over. */
export type ApprovalNews = {
  /** Words that were meant as an approval, and do not count. */
  ignored(message: string): void
  /** An approval that names nothing that waits. */
  pending(message: string): void
  /** What else becomes of approvals. */
  told(news: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }): void
  /**
   * Ends what was told: words that do not count matter while something waits that they may have been meant for, and an approval that
   * names nothing until it does or counts no more. Says it once, also over a restart.
   */
  settle(now: { readonly waits: () => boolean; readonly pending: () => boolean }): void
}

/** Which of these troubles were told and are not over. */
const setting = 'approvals.troubles'

const ends = {
  ApprovalIgnored: { reason: 'NothingToApprove', message: 'Nothing waits for an approval any more.' },
  ApprovalPending: { reason: 'NoApprovalPending', message: 'No approval in Git waits for its change any more.' },
} as const

type Trouble = keyof typeof ends

export function createApprovalNews({
  status,
  store,
}: {
  readonly status: Pick<Status, 'record' | 'together'>
  readonly store: Pick<Store, 'settings'>
}): ApprovalNews {
  const standing = (): Set<Trouble> => new Set(JSON.parse(store.settings.get(setting) ?? '[]') as Trouble[])
  const keep = (troubles: ReadonlySet<Trouble>): void => store.settings.put(setting, JSON.stringify([...troubles].sort()))
  const trouble = (reason: Trouble, message: string): void =>
    status.together(() => {
      status.record({ key: everything, type: 'Warning', reason, message })
      const known = standing()
      if (!known.has(reason)) keep(known.add(reason))
    })
  const over = (reason: Trouble): void =>
    status.together(() => {
      const known = standing()
      known.delete(reason)
      status.record({ key: everything, type: 'Normal', ...ends[reason] })
      keep(known)
    })
  return {
    ignored: (message) => trouble('ApprovalIgnored', message),
    pending: (message) => trouble('ApprovalPending', message),
    told: (news) => status.record({ key: everything, ...news }),
    settle: ({ waits, pending }) => {
      const told = standing()
      if (told.has('ApprovalIgnored') && !waits()) over('ApprovalIgnored')
      if (told.has('ApprovalPending') && !pending()) over('ApprovalPending')
    },
  }
}
