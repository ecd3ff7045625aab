import { GitvirtError } from './lib/errors.ts'
import { longestDuration, parseDuration } from './lib/duration.ts'

/** How long a person wants something held: a duration, or a time. */
export type HoldTime = { readonly for?: string | undefined; readonly until?: string | undefined }

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/

/**
 * The end of what a person asks for, by the reconciler's clock, RFC 3339 in UTC; undefined where neither is given.
 * @throws GitvirtError `InvalidArgument`
 */
export function endOf(time: HoldTime, now: Date): string | undefined {
  if (time.for !== undefined && time.until !== undefined) throw invalid('A duration and a time exclude each other.')
  if (time.for !== undefined) {
    const milliseconds = parseDuration(time.for)
    if (milliseconds === undefined || milliseconds < 1000 || milliseconds >= longestDuration)
      throw invalid(`"${time.for}" is not a duration of a second or more.`)
    return new Date(now.getTime() + milliseconds).toISOString()
  }
  if (time.until === undefined) return undefined
  const end = rfc3339.test(time.until) ? Date.parse(time.until) : Number.NaN
  if (Number.isNaN(end)) throw invalid(`"${time.until}" is not a time.`)
  if (end <= now.getTime()) throw invalid(`${time.until} is past.`)
  return new Date(end).toISOString()
}

function invalid(message: string): GitvirtError {
  return new GitvirtError({
    code: 'InvalidArgument',
    message,
    action: 'Write for example --for 2h, --for 7d or --until 2026-12-24T18:00:00Z.',
  })
}
