import type { DisruptionClass } from '../../../schemas/generated/plan.ts'
import { parseKey, type ObjectKey } from '../../lib/object-key.ts'
import { highest } from '../../plan/disruption/classes.ts'
import { landingsOf, type Landing } from '../audit/landings.ts'
import type { CommitStory, History } from '../history.ts'
import { maskChange, type ChangedField } from '../meaning/fields.ts'
import { changesOf, type ObjectChange, type Verb } from '../meaning/log.ts'
import { recentChanges, type RecentQuery } from '../recent.ts'

/** What one commit did to one object, as people may see it. */
export type ReportedChange = {
  readonly object: ObjectKey
  readonly change: Verb
  /** File that declares it, or declared it. */
  readonly path: string
  /** The highest class among the fields, for kinds that guests run on. */
  readonly disruption?: DisruptionClass
  readonly fields: readonly ChangedField[]
  /** Of `unreadable`: file:line:column and what is wrong. */
  readonly problem?: string
  /** Where it landed: absent where there are no receipts. */
  readonly landed?: readonly Landing[]
}

export type LogEntry = Omit<CommitStory, 'id'> & { readonly commit: string; readonly changes: readonly ReportedChange[] }

/** The semantic history of one object or of a whole environment, newest commit first. */
export type LogReport = { readonly object?: ObjectKey; readonly commit: string; readonly entries: readonly LogEntry[] }

export type LogQuery = RecentQuery & { readonly object?: ObjectKey }

/**
 * Which commits changed the meaning of an object, or of any object of the environment.
 * @throws GitvirtError what reading the history throws
 */
export async function logReport(history: History, { object, ...query }: LogQuery = {}): Promise<LogReport> {
  const { since, limit } = query
  const bounded = object === undefined && (since !== undefined || limit !== undefined)
  const changes = bounded ? await recentChanges(history, query) : changesOf((await history.walk(object)).versions.values())
  const all = Map.groupBy(changes, ({ commit }) => commit)
  const recent = [...all].filter(([commit]) => since === undefined || history.committedAt(commit) * 1000 >= since).slice(0, limit)
  const stories = await history.stories(recent.map(([commit]) => commit))
  const landed = await landedIn(history, object)
  const entries: LogEntry[] = []
  for (const [commit, changes] of recent) {
    const story = stories.get(commit)
    if (story === undefined) continue
    const { id, ...rest } = story
    entries.push({ commit: id, ...rest, changes: changes.map((change) => ({ ...reportedChange(change), ...landed(change) })) })
  }
  return { ...(object === undefined ? {} : { object }), commit: history.tip, entries }
}

type Landed = (change: ObjectChange) => Pick<ReportedChange, 'landed'>

/** Tells where changes landed; nothing where there are no receipts. */
async function landedIn(history: History, object: ObjectKey | undefined): Promise<Landed> {
  if (!history.hasReceipts) return () => ({})
  const contains = await history.contains()
  const receipts = Map.groupBy(history.receipts(object), (receipt) => receipt.object)
  return ({ key, commit }) => ({ landed: landingsOf(key, { commit }, { receipts: receipts.get(key) ?? [], contains }) })
}

/** A change without what nobody should read, and with its class. */
export function reportedChange({ key, verb, path, fields, problem }: ObjectChange): ReportedChange {
  const { kind } = parseKey(key)
  const classes = fields.flatMap(({ disruption }) => disruption ?? [])
  return {
    object: key,
    change: verb,
    path,
    ...(classes.length === 0 ? {} : { disruption: highest(classes) }),
    fields: fields.map((field) => maskChange(kind, field)),
    ...(problem === undefined ? {} : { problem: `${problem.path}:${problem.line}:${problem.column}: ${problem.message}` }),
  }
}
