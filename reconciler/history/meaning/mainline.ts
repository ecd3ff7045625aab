import type { HistoryCommit } from './commit.ts'

/**
 * For every commit the one on the main line (first parents from the tip) with which it came there: itself, or the merge that brought it.
 * @param commits parents before children, the tip last
 */
export function arrivals(commits: readonly HistoryCommit[]): Map<string, string> {
  const byId = new Map(commits.map((commit) => [commit.id, commit]))
  const line: HistoryCommit[] = []
  for (let at = commits.at(-1); at !== undefined; at = byId.get(at.parents[0] ?? '')) line.push(at)
  const arrived = new Map<string, string>()
  for (const { id } of line.toReversed()) {
    for (const commit of ancestors(id, byId, arrived)) arrived.set(commit, id)
  }
  return arrived
}

/** A commit and all behind it that is not in `known` yet. */
function ancestors(start: string, commits: ReadonlyMap<string, HistoryCommit>, known: ReadonlyMap<string, unknown>): Set<string> {
  const found = new Set([start])
  for (const id of found) {
    for (const parent of commits.get(id)?.parents ?? []) if (!known.has(parent)) found.add(parent)
  }
  return found
}

/**
 * Tells whether one commit holds another, itself or behind it. What a commit holds is kept as one bit for each commit: thousands of
 * revisions may be asked for.
 * @param commits parents before children
 */
export function createContains(commits: readonly HistoryCommit[]): (newer: string, older: string) => boolean {
  const order = new Map(commits.map(({ id }, index) => [id, index]))
  const parents = commits.map((commit) => commit.parents.flatMap((id) => order.get(id) ?? []))
  const known = new Map<number, Uint8Array>()
  return (newer, older) => {
    if (newer === older) return true
    const [from, to] = [order.get(newer), order.get(older)]
    if (from === undefined || to === undefined || to > from) return false
    const held = known.get(from) ?? heldBy(from, parents)
    known.set(from, held)
    return ((held[to >> 3] ?? 0) & (1 << (to & 7))) !== 0
  }
}

/** Parents come first, so one pass from a commit down finds all that is behind it. */
function heldBy(from: number, parents: readonly (readonly number[])[]): Uint8Array {
  const held = new Uint8Array((from >> 3) + 1)
  const mark = (index: number): void => void (held[index >> 3] = (held[index >> 3] ?? 0) | (1 << (index & 7)))
  mark(from)
  for (let index = from; index >= 0; index -= 1) {
    if (((held[index >> 3] ?? 0) & (1 << (index & 7))) !== 0) parents[index]?.forEach(mark)
  }
  return held
}
