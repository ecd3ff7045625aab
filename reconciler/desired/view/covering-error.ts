import { foldersAbove } from '../../lib/folders-above.ts'
import type { DesiredView, ManifestError } from '../types.ts'

/** Why what came from a path is unknown, where the fault is not in that file but in what reads it, as in an overlay. */
export function coveringError(view: DesiredView, path: string): ManifestError | undefined {
  return view.errors().find(({ covers }) => covers !== undefined && foldersAbove(path).includes(covers))
}
