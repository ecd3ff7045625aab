import type { DesiredView } from '../desired/types.ts'
import { rootOf } from '../lib/folders-above.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { ObservedView } from '../observed/types.ts'

/** What Git wants of an object: its digest, or that Git does not have it; unknown where nobody can tell now. */
export type Wish = { readonly known: false } | { readonly known: true; readonly digest: string | undefined }

/** What is known of it; before the first revision nothing is. Pure. */
export function wishOf(key: ObjectKey, desired: DesiredView | undefined, observed: Pick<ObservedView, 'get'>): Wish {
  if (desired === undefined || isUnknownWish(key, desired, observed)) return { known: false }
  return { known: true, digest: desired.get(key)?.digest }
}

/**
 * True where Git has the object but nobody can tell what it wants of it: its document, or the file it was applied from, does not parse. Of
 * several sources, the file of another one that it was applied from counts too: whoever declares it now, that one may have it still.
 */
export function isUnknownWish(key: ObjectKey, desired: DesiredView, observed: Pick<ObservedView, 'get'>): boolean {
  if (desired.isUnknownKey(key)) return true
  const wanted = desired.get(key)
  if (wanted !== undefined && desired.severalSources !== true) return false
  const root = wanted === undefined ? undefined : rootOf(wanted.origin.path)
  return observed.get(key).some(({ object: { applied } }) => {
    return applied !== undefined && rootOf(applied.origin.path) !== root && desired.isUnknownPath(applied.origin.path)
  })
}

/**
 * True where one of several sources tells by now what nobody could tell of it before, which may be of any object that was applied from it.
 * Pure.
 */
export function tellsMore(before: DesiredView, after: DesiredView): boolean {
  return after.severalSources === true && [...before.unknownPaths()].some((path) => !after.isUnknownPath(path))
}
