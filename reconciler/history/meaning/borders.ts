import type { HistoryCommit } from './commit.ts'

/**
 * Places of the commits through which all lines of history go: what is behind such a commit comes into what follows through it alone.
 * Newest first. Pure.
 * @param commits parents before children
 */
export function* bordersOf(commits: readonly HistoryCommit[]): Generator<number, void, undefined> {
  const places = new Map(commits.map(({ id }, index) => [id, index]))
  let lowest = commits.length - 1
  for (let index = commits.length - 1; index > 0; index -= 1) {
    if (lowest === index) yield index
    for (const parent of commits[index]?.parents ?? []) lowest = Math.min(lowest, places.get(parent) ?? lowest)
  }
}
