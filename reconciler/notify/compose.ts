import type { NewsGroup, NewsItem } from '../../schemas/generated/notification.ts'
import type { NewsGroupRecord } from '../store/news-records.ts'
import type { InForce, Message, Severity } from './types.ts'

export type Composing = {
  readonly id: string
  readonly environment: string
  readonly rule: string
  readonly groups: readonly NewsGroupRecord[]
  readonly inForce: InForce | undefined
}

/** The message of what a rule's groups hold: a single piece of news as it is, several as a digest. Pure. */
export function compose({ id, environment, rule, groups, inForce }: Composing): Message {
  const read = groups.map(groupOf)
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  const common = { version: 1, id, environment, rule, count } as const
  const [only] = read
  const item = only?.items[0]
  if (count === 1 && only !== undefined && item !== undefined) return { ...common, type: only.type, reason: only.reason, ...item }
  const last = Math.max(...groups.map((group) => group.last))
  return {
    ...common,
    type: 'digest',
    time: new Date(last).toISOString(),
    reason: 'Digest',
    message: read.map(groupText).join('; '),
    ...inForce,
    groups: read,
  }
}

function groupOf({ type, reason, count, first, last, items }: NewsGroupRecord): NewsGroup {
  return {
    type: type as Severity,
    reason,
    count,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    items: JSON.parse(items) as NewsItem[],
  }
}

const words: Readonly<Record<Severity, string>> = { warning: '', recovery: ' over', info: '' }

function groupText({ type, reason, count }: NewsGroup): string {
  return `${count} × ${reason}${words[type]}`
}
