import type { FollowedNews } from './follow-news.ts'
import { describeError, errorCode } from './lib/errors.ts'
import type { Status } from './status/status.ts'
import { everything } from './suspender.ts'

/** Failures of a revision that auditors look for. */
export const refusals: ReadonlySet<string> = new Set(['UntrustedCommit', 'UntrustedTag', 'HistoryRewritten'])

/** Tells what keeps another source from being read, as events of the environment and as news, and when that is over. */
export type SourceTroubles = {
  tell(error: unknown): void
  /** A revision of it is there and let in. */
  over(): void
}

export type TroubleParts = {
  readonly status: Pick<Status, 'record'>
  readonly news: Pick<FollowedNews, 'notFetched' | 'refused' | 'admitted'>
}

export function sourceTroubles(name: string, { status, news }: TroubleParts): SourceTroubles {
  // One event for each trouble, however often it is tried again. The environment's own source tells its troubles under the same key.
  const told = new Map<string, string>()
  return {
    tell: (error) => {
      const [reason, message] = [errorCode(error), `${name}: ${describeError(error)}`]
      const refused = refusals.has(reason)
      const isNew = refused ? told.get(reason) !== message : !told.has(reason)
      told.set(reason, message)
      if (isNew) status.record({ key: everything, type: 'Warning', reason, message })
      if (!refused) news.notFetched(error, name)
      else if (isNew) news.refused(reason, name)
    },
    over: () => {
      if (told.size > 0) status.record({ key: everything, type: 'Normal', reason: 'SourceRead', message: `${name} is read again.` })
      told.clear()
      news.admitted(name)
    },
  }
}
