import type { DesiredView } from '../desired/types.ts'
import type { IndexedObject, SideIndex } from './types.ts'

/** What a revision's desired state holds, without the bodies. */
export function indexView(view: DesiredView): SideIndex {
  const objects: IndexedObject[] = []
  for (const key of view.keys()) {
    const found = view.get(key)
    if (found === undefined) continue
    const { digest, origin, ownerKey } = found
    const { path, line, column, blob } = origin
    const owner = ownerKey === undefined ? {} : { ownerKey }
    objects.push({ key, digest, path, line, column, ...(blob === undefined ? {} : { blob }), ...owner })
  }
  const errors = view
    .errors()
    .filter((error) => error.severity === 'error' && (view.isUnknownPath(error.path) || isUnknown(view, error.object)))
  // A file whose every error names its object declares just these.
  const untold = new Set(errors.filter((error) => error.object === undefined).map((error) => error.path))
  return { objects, unknownKeys: [...view.unknownKeys()], untold: [...untold], errors, declared: true }
}

function isUnknown(view: DesiredView, key: string | undefined): boolean {
  return key !== undefined && view.isUnknownKey(key)
}
