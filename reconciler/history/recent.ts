import type { ObjectKey } from '../lib/object-key.ts'
import type { History } from './history.ts'
import { bordersOf } from './meaning/borders.ts'
import { changesOf, type ObjectChange } from './meaning/log.ts'

export type RecentQuery = {
  /** Only commits that were committed at or after this time, in milliseconds since 1970. */
  readonly since?: number
  /** Most commits. */
  readonly limit?: number
  /** How many commits are looked at first; default 64. */
  readonly first?: number
}

/** How many times more commits are looked at where those before were too few. */
const growth = 8

/** Most objects that are followed one by one to where they began; above, it is as cheap to follow all. */
const mostFollowed = 8

/**
 * What the newest commits changed in all objects, newest first: the same as the head of the whole history, which is read from its newest end
 * only as far as it must be. A border where a manifest cannot be read is passed over: what it said before would count.
 * @throws GitvirtError what reading the history throws
 */
export async function recentChanges(history: History, query: RecentQuery): Promise<readonly ObjectChange[]> {
  const { commits } = history
  const oldest = oldestWanted(history, query)
  if (oldest === -1) return []
  let least = query.first ?? 64
  for (const border of bordersOf(commits)) {
    const size = commits.length - border
    if (size < least) continue
    least = size * growth
    const end = await history.walkFrom(border)
    if (end === undefined) continue
    // The border itself stands for all that is behind it.
    const changes = wanted(history, query, changesOf(end.versions.values())).filter(({ order }) => order > 0)
    if (border >= oldest && !fills(query, changes)) continue
    return await rightBeginnings(history, { border, changes: newest(query, changes) })
  }
  return await allChanges(history, query)
}

async function allChanges(history: History, query: RecentQuery): Promise<readonly ObjectChange[]> {
  const { versions } = await history.walk()
  return newest(query, wanted(history, query, changesOf(versions.values())))
}

/** Place of the oldest commit that may be told; -1 where there is none. */
function oldestWanted({ commits }: History, { since }: RecentQuery): number {
  return since === undefined ? 0 : commits.findIndex(({ committedAt }) => committedAt * 1000 >= since)
}

function wanted(history: History, { since }: RecentQuery, changes: ObjectChange[]): ObjectChange[] {
  return since === undefined ? changes : changes.filter(({ commit }) => history.committedAt(commit) * 1000 >= since)
}

function fills({ limit }: RecentQuery, changes: readonly ObjectChange[]): boolean {
  return limit !== undefined && new Set(changes.map(({ commit }) => commit)).size >= limit
}

function newest({ limit }: RecentQuery, changes: readonly ObjectChange[]): readonly ObjectChange[] {
  const told = new Set([...new Set(changes.map(({ commit }) => commit))].slice(0, limit))
  return changes.filter(({ commit }) => told.has(commit))
}

type Window = { readonly border: number; readonly changes: readonly ObjectChange[] }

/** What seems to be created may have been there before the border: then it was created again. */
async function rightBeginnings(history: History, { border, changes }: Window): Promise<readonly ObjectChange[]> {
  const created = changes.filter(({ verb }) => verb === 'created').map(({ key }) => key)
  const mentioned = await history.mentionedUntil(border, [...new Set(created)])
  if (mentioned.size === 0) return changes
  const exact = await followed(history, mentioned)
  // Places in the walk are those of the window; all else is as the whole history has it.
  return changes.map((change) => ({ ...(exact.get(placeOf(change)) ?? change), order: change.order }))
}

async function followed(history: History, keys: ReadonlySet<ObjectKey>): Promise<Map<string, ObjectChange>> {
  const ends = keys.size > mostFollowed ? [await history.walk()] : await inTurn([...keys], async (key) => await history.walk(key))
  const all = ends.flatMap(({ versions }) => changesOf([...versions.values()].filter(({ key }) => keys.has(key))))
  return new Map(all.map((change) => [placeOf(change), change]))
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}

function placeOf({ key, commit }: Pick<ObjectChange, 'key' | 'commit'>): string {
  return `${commit} ${key}`
}
