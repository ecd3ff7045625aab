import { parseDuration } from '../lib/duration.ts'
import { GitvirtError } from '../lib/errors.ts'

const day = 86_400_000
/** Less would drop what an audit of yesterday asks for; ten years outlast any database. */
const bounds = { least: day, most: 3650 * day }

/**
 * For how long the reconciler keeps what objects were, in milliseconds.
 * @throws GitvirtError `InvalidFlag`
 */
export function keptHistory(text: string): number {
  const kept = parseDuration(text)
  if (kept !== undefined && kept >= bounds.least && kept <= bounds.most) return kept
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: "${text}" is not a time to keep history for`,
    action: 'Write a duration from 1d to 3650d for --keep-history, such as 90d.',
  })
}
