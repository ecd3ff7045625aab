import type { Settings } from './store/store.ts'

/** Which troubles of fetching were told, by source; kept over a restart, so that the first good fetch after it ends them. */
export type FetchTroubles = {
  told(source: string, reason: string): void
  /** A source was read: what of its troubles is over, but for what another source still has. */
  ended(source: string): ReadonlySet<string>
  /** A branch was rewritten: this commit of it came into force and does not descend from the one before. */
  rewritten(source: string, commit: string): void
  /** A branch is at this commit, which descends from the one before: what is over where it went on from a rewritten one. */
  wentOn(source: string, commit: string): ReadonlySet<string>
  /** All sources there are, at a start: forgets what was told of others, and says what of it is over. */
  only(sources: readonly string[]): ReadonlySet<string>
}

const setting = 'fetchTroubles'

export function createFetchTroubles(settings: Settings): FetchTroubles {
  const read = (): Map<string, string[]> => new Map(JSON.parse(settings.get(setting) ?? '[]') as [string, string[]][])
  const write = (all: Map<string, string[]>): void => settings.put(setting, JSON.stringify([...all]))
  const told = (source: string, reason: string): void => {
    const all = read()
    const known = all.get(source) ?? []
    if (!known.includes(reason)) write(all.set(source, [...known, reason]))
  }
  const end = (sources: readonly string[]): ReadonlySet<string> => {
    const all = read()
    const mine = sources.flatMap((source) => all.get(source) ?? [])
    if (sources.filter((source) => all.delete(source)).length === 0) return new Set()
    write(all)
    return new Set(mine).difference(new Set([...all.values()].flat()))
  }
  const lines = (source: string): string[] => [...read().keys()].filter((name) => name.startsWith(lineOf(source, '')))
  return {
    told,
    ended: (source) => end([source]),
    rewritten: (source, commit) => {
      end(lines(source))
      told(lineOf(source, commit), 'HistoryRewritten')
    },
    wentOn: (source, commit) => end(lines(source).filter((line) => line !== lineOf(source, commit))),
    only: (sources) => end([...read().keys()].filter((entry) => !sources.includes(sourceOf(entry)))),
  }
}

/** A rewritten branch has an entry of its own: that its source can be read does not end it. Names of sources have no line breaks. */
function lineOf(source: string, commit: string): string {
  return `${source}\n${commit}`
}

function sourceOf(entry: string): string {
  return entry.split('\n', 1)[0] ?? ''
}
