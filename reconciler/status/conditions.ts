import { isDeepStrictEqual } from 'node:util'
import type { Condition, ConditionDraft } from './api-object.ts'

/**
 * Gives each condition its lastTransitionTime: kept while status stays, `now` when it changes. Returns the previous array itself
 * where nothing changed. Source: Kubernetes API conventions, "Typical status properties".
 */
export function mergeConditions(previous: readonly Condition[], drafts: readonly ConditionDraft[], now: string): readonly Condition[] {
  const merged = drafts.map((draft) => mergeOne(previous, draft, now))
  return isDeepStrictEqual(previous, merged) ? previous : merged
}

function mergeOne(previous: readonly Condition[], draft: ConditionDraft, now: string): Condition {
  const before = previous.find((condition) => condition.type === draft.type)
  const kept = before?.status === draft.status ? before.lastTransitionTime : now
  const { type, status, reason, message } = draft
  return { type, status, reason, message, lastTransitionTime: draft.since ?? kept }
}

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** The same for a time that an agent sent; anything unreadable stays out. */
export function wholeSeconds(time: string | undefined): string | undefined {
  // The usual form needs no parsing, which a pass over a whole fleet would feel.
  if (time !== undefined && utc.test(time)) return `${time.slice(0, 19)}Z`
  const parsed = Date.parse(time ?? '')
  return Number.isNaN(parsed) ? undefined : timestamp(new Date(parsed))
}
