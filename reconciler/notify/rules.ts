import type { FleetSpec, NotificationRule } from '../../schemas/generated/fleet.ts'
import { parseDuration } from '../lib/duration.ts'
import { parseKey } from '../lib/object-key.ts'
import type { News, NotifyRule } from './types.ts'

const day = 86_400_000
/** Longer intervals count as this: what was sent is not remembered for longer. */
export const longestInterval = 7 * day

/** The rules of a Fleet with the defaults that schemas/fleet.json documents; of two with one name the first. Pure. */
export function notifyRules(spec: FleetSpec | undefined): NotifyRule[] {
  const rules = new Map<string, NotifyRule>()
  for (const rule of spec?.notifications ?? []) if (!rules.has(rule.name)) rules.set(rule.name, resolveRule(rule))
  return [...rules.values()]
}

function resolveRule(rule: NotificationRule): NotifyRule {
  const { name, to, severities = ['warning', 'recovery'], kinds, reasons, exceptReasons = [], matchLabels = {} } = rule
  return {
    name,
    to,
    severities: new Set(severities),
    ...(kinds === undefined ? {} : { kinds: new Set(kinds) }),
    ...(reasons === undefined ? {} : { reasons: new Set(reasons) }),
    exceptReasons: new Set(exceptReasons),
    matchLabels,
    interval: milliseconds(rule.interval, 60_000),
    repeat: milliseconds(rule.repeat, day),
  }
}

function milliseconds(text: string | undefined, otherwise: number): number {
  return Math.min((text === undefined ? undefined : parseDuration(text)) ?? otherwise, longestInterval)
}

/** True where a rule speaks of this news; labels are asked for only where the rule has some. Pure. */
export function speaksOf(rule: NotifyRule, news: News, labels: () => Readonly<Record<string, string>>): boolean {
  // What is wrong is followed for the sake of its end, too.
  const wanted = rule.severities.has(news.severity) || (news.severity === 'warning' && rule.severities.has('recovery'))
  if (!wanted || rule.exceptReasons.has(news.reason)) return false
  if (rule.kinds?.has(parseKey(news.key).kind) === false || rule.reasons?.has(news.reason) === false) return false
  const needed = Object.entries(rule.matchLabels)
  if (needed.length === 0) return true
  const found = labels()
  return needed.every(([name, value]) => found[name] === value)
}
