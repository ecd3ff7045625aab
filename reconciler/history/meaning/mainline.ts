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

/** Tells whether one commit holds another, itself or behind it. Answers are kept for each `newer`. */
export function createContains(commits: readonly HistoryCommit[]): (newer: string, older: string) => boolean {
  const byId = new Map(commits.map((commit) => [commit.id, commit]))
  const none = new Map<string, unknown>()
  const known = new Map<string, ReadonlySet<string>>()
  return (newer, older) => {
    if (newer === older) return true
    const found = known.get(newer) ?? ancestors(newer, byId, none)
    known.set(newer, found)
    return found.has(older)
  }
}
