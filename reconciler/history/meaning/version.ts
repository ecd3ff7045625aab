import type { ObjectKey } from '../../lib/object-key.ts'
import type { KeyState } from './claims.ts'
import { sameMeaning } from './fields.ts'

/** One meaning that an object had: from a commit on, until a commit gives it another. */
export type Version = {
  readonly key: ObjectKey
  /** The commit that made it so, and its place in the walk. */
  readonly commit: string
  readonly order: number
  readonly state: KeyState
  /** Meanings at the commit's parents, unreadable ones too. */
  readonly via: readonly Version[]
  /** The same, with what was last readable in place of what is not. None where the object never was there. */
  readonly bases: readonly Version[]
}

/** What a commit says of an object, and the versions at each of its parents; undefined where the object never was there. */
export type Sighting = Pick<Version, 'key' | 'commit' | 'order' | 'state'> & { readonly parents: readonly (Version | undefined)[] }

/**
 * The version that a commit holds: one of its parents' where the meaning is theirs, so that a merge which takes one side has no say;
 * else a new one. A side that the first parent has long left behind does not count: a merge that goes back to it undoes the change, and
 * nobody else did. Undefined where the object is not there and never was.
 */
export function versionAt({ key, commit, order, state, parents }: Sighting): Version | undefined {
  const [first, ...others] = parents
  if (state.status === 'absent' && first === undefined) return undefined
  const fresh = others.filter((version) => version !== undefined && !(first !== undefined && leadsTo(version, first)))
  const via = unique([first, ...fresh])
  const bases = unique(via.flatMap((version) => (version.state.status === 'unknown' ? version.bases : [version])))
  // What is readable again as it was before is a version too: it leads back to the commits that could not be read.
  return via.find((version) => holds(version.state, state)) ?? { key, commit, order, state, via, bases }
}

function holds(one: KeyState, other: KeyState): boolean {
  if (one.status === 'known' && other.status === 'known') return sameMeaning(one.judged, other.judged)
  return one.status === other.status
}

function unique(versions: readonly (Version | undefined)[]): Version[] {
  return [...new Set(versions)].filter((version) => version !== undefined)
}

/** True where the later version came of the earlier one. */
function leadsTo(earlier: Version, later: Version): boolean {
  for (const version of reachable([later], (one) => one.order > earlier.order)) if (version.via.includes(earlier)) return true
  return false
}

/** These versions and those that they came of, each once; `goOn` tells below which versions to look. */
export function* reachable(
  from: readonly Version[],
  goOn: (version: Version) => boolean = () => true,
): Generator<Version, void, undefined> {
  const seen = new Set<Version>(from)
  const stack = [...from]
  for (let version = stack.pop(); version !== undefined; version = stack.pop()) {
    yield version
    if (!goOn(version)) continue
    for (const next of [...version.via, ...version.bases]) {
      if (seen.has(next)) continue
      seen.add(next)
      stack.push(next)
    }
  }
}
