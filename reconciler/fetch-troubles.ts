import type { Settings } from './store/store.ts'

/** Which troubles of fetching were told, by source; kept over a restart, so that the first good fetch after it ends them. */
export type FetchTroubles = {
  told(source: string, reason: string): void
  /** A source was read: what of its troubles is over, but for what another source still has. */
  ended(source: string): ReadonlySet<string>
}

const setting = 'fetchTroubles'

export function createFetchTroubles(settings: Settings): FetchTroubles {
  const read = (): Map<string, string[]> => new Map(JSON.parse(settings.get(setting) ?? '[]') as [string, string[]][])
  const write = (all: Map<string, string[]>): void => settings.put(setting, JSON.stringify([...all]))
  return {
    told: (source, reason) => {
      const all = read()
      const known = all.get(source) ?? []
      if (!known.includes(reason)) write(all.set(source, [...known, reason]))
    },
    ended: (source) => {
      const all = read()
      const mine = all.get(source) ?? []
      if (!all.delete(source)) return new Set()
      write(all)
      const others = new Set([...all.values()].flat())
      return new Set(mine).difference(others)
    },
  }
}
