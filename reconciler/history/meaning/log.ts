import type { ManifestError } from '../../desired/types.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { changedFields, mergedFields, type ChangedField } from './fields.ts'
import { reachable, type Version } from './version.ts'

/** What a commit did to an object. `unreadable`: from this commit on its manifest cannot be read, so its meaning is unknown. */
export type Verb = 'created' | 'changed' | 'deleted' | 'recreated' | 'unreadable'

/** One commit that changed the meaning of one object. Values are not masked yet. */
export type ObjectChange = {
  readonly key: ObjectKey
  readonly commit: string
  readonly order: number
  readonly verb: Verb
  /** File that declares the object, or declared it. */
  readonly path: string
  /** Of `changed` only. */
  readonly fields: readonly ChangedField[]
  /** Of `unreadable`: what is wrong. */
  readonly problem?: ManifestError
}

/** Every commit that changed the meaning of these objects, newest first. */
export function changesOf(ends: Iterable<Version>): ObjectChange[] {
  const changes: ObjectChange[] = []
  for (const version of reachable([...ends])) {
    const change = changeOf(version)
    if (change !== undefined) changes.push(change)
  }
  return changes.sort((one, other) => other.order - one.order || (one.key < other.key ? -1 : 1))
}

/** Undefined for a version that only joins what others changed, or is readable again as it was. */
function changeOf({ key, commit, order, state, via, bases }: Version): ObjectChange | undefined {
  const common = { key, commit, order, fields: [] }
  if (state.status === 'unknown') {
    if (via.some((version) => version.state.status === 'unknown')) return undefined
    return { ...common, verb: 'unreadable', path: state.path, ...(state.problem === undefined ? {} : { problem: state.problem }) }
  }
  const known = bases.flatMap((base) => (base.state.status === 'known' ? [base.state.judged] : []))
  const [first] = known
  if (state.status === 'absent') return first === undefined ? undefined : { ...common, verb: 'deleted', path: lastPath(bases) }
  if (first === undefined) return { ...common, verb: bases.some(wasDeleted) ? 'recreated' : 'created', path: state.path }
  const fields = known.length === 1 ? changedFields(first, state.judged) : mergedFields(known, state.judged)
  return fields.length === 0 ? undefined : { ...common, verb: 'changed', path: state.path, fields }
}

function wasDeleted({ state, bases }: Version): boolean {
  return state.status === 'absent' && bases.some((base) => base.state.status === 'known' || wasDeleted(base))
}

function lastPath(bases: readonly Version[]): string {
  for (const { state } of bases) if (state.status !== 'absent') return state.path
  return ''
}
