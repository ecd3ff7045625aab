import { posix } from 'node:path'
import { movedMade } from '../desired/judge/relocate.ts'
import type { ManifestError, ReadBlobs } from '../desired/types.ts'
import type { Overlay } from './types.ts'

/** An overlay with paths that begin at its own folder, as the files of a folder have them. */
export function relativeTo(root: string, overlay: Overlay): Overlay {
  const place = (path: string): string => posix.relative(root, path)
  const error = (one: ManifestError): ManifestError => ({ ...one, path: place(one.path) })
  const read: ReadBlobs = async function* (ids) {
    for await (const one of overlay.read(ids)) yield one.made === undefined ? one : { ...one, made: movedMade(one.made, place) }
  }
  return {
    ...overlay,
    entries: overlay.entries.map((entry) => ({ ...entry, path: place(entry.path) })),
    // The whole repository stays the whole.
    refused: overlay.refused.map(({ errors, ...one }) => ({
      ...one,
      path: one.path === '' ? '' : place(one.path),
      ...(errors === undefined ? {} : { errors: errors.map(error) }),
    })),
    read,
  }
}
