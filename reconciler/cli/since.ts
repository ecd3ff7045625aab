import { GitvirtError } from '../lib/errors.ts'
import { milliseconds } from './duration.ts'

const day = 86_400_000

/**
 * Reads a time, or a duration before now (12h, 7d), into milliseconds since 1970. A date without a time begins at midnight UTC.
 * @throws GitvirtError `InvalidFlag`
 */
export function sinceTime(text: string, now: Date): number {
  const days = /^(\d{1,6})d$/.exec(text)?.[1]
  if (days !== undefined) return now.getTime() - Number(days) * day
  if (/^\d+(?:\.\d+)?(?:ms|s|m|h)/.test(text)) return now.getTime() - milliseconds(text)
  const time = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: "${text}" is neither a time nor a duration`,
    action: 'Write 2026-01-31, 2026-01-31T08:00:00Z, 12h or 7d.',
  })
}
