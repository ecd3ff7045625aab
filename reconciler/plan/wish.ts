import type { DesiredView } from '../desired/types.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { ObservedView } from '../observed/types.ts'

/** What Git wants of an object: its digest, or that Git does not have it; unknown where nobody can tell now. */
export type Wish = { readonly known: false } | { readonly known: true; readonly digest: string | undefined }

/** What is known of it; before the first revision nothing is. Pure. */
export function wishOf(key: ObjectKey, desired: DesiredView | undefined, observed: Pick<ObservedView, 'get'>): Wish {
  if (desired === undefined || isUnknownWish(key, desired, observed)) return { known: false }
  return { known: true, digest: desired.get(key)?.digest }
}

/** True where Git has the object but nobody can tell what it wants of it: its document, or the file it was applied from, does not parse. */
export function isUnknownWish(key: ObjectKey, desired: DesiredView, observed: Pick<ObservedView, 'get'>): boolean {
  if (desired.isUnknownKey(key)) return true
  if (desired.get(key) !== undefined) return false
  return observed.get(key).some(({ object }) => object.applied !== undefined && desired.isUnknownPath(object.applied.origin.path))
}
