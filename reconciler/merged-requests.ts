import type { DesiredView } from './desired/types.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Merged, Previews } from './previews.ts'
import type { Status } from './status/status.ts'
import { everything } from './suspender.ts'

export type Merging = {
  readonly previews: Pick<Previews, 'merged'>
  readonly log: Logger
  readonly before: DesiredView | undefined
  readonly after: DesiredView
  /** The source's commit that was in force; undefined at the first one. */
  readonly from: string | undefined
  readonly to: string
}

/** Which requests a revision merges; worked out before hosts carry any of it out. That it fails keeps nothing from being applied. */
export async function mergedRequests({ previews, log, before, after, from, to }: Merging): Promise<readonly Merged[]> {
  if (before === undefined || from === undefined) return []
  try {
    return await previews.merged({ before, after, from, to })
  } catch (error) {
    log.warn({ error: describeError(error) }, 'cannot tell which requests a revision merges')
    return []
  }
}

/** What was told before the merge is what is applied, or it was planned again: auditors want to know which. */
export function recordMerge(status: Pick<Status, 'record'>, { ref, head, asPlanned, intent }: Merged): void {
  const what = `${ref} (${head.slice(0, 12)}) was merged`
  const outcome = asPlanned
    ? `what is applied is what was planned for it, intent ${intent.slice(0, 12)}.`
    : `it was planned again, because what the merge does is not what was planned for it: intent ${intent.slice(0, 12)}.`
  status.record({
    key: everything,
    type: asPlanned ? 'Normal' : 'Warning',
    reason: asPlanned ? 'MergedAsPlanned' : 'MergedPlannedAgain',
    message: `${what}; ${outcome}`,
  })
}
