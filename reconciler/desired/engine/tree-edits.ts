import { GitvirtError } from '../../lib/errors.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { RefusedFile, UpdateInput } from '../types.ts'
import { foldersAbove, rootOf } from '../../lib/folders-above.ts'
import { keysOf, type FileState } from './file-state.ts'

/** What becomes of one path: its blob, a refusal, or nothing (the file is gone). */
export type PathEdit =
  | { readonly kind: 'blob'; readonly id: string; readonly size?: number | undefined }
  | ({ readonly kind: 'refused' } & Omit<RefusedFile, 'path'>)
  | { readonly kind: 'gone' }

/**
 * Paths that differ from the files that are known.
 * @throws GitvirtError `FirstUpdateNeedsEntries` for changes against nothing
 */
export function treeEdits(input: UpdateInput, files: ReadonlyMap<string, FileState>, first: boolean): Map<string, PathEdit> {
  const edits = new Map<string, PathEdit>()
  if (input.entries !== undefined) {
    const listed = new Set((input.refused ?? []).map((file) => file.path))
    for (const { path, id, size } of input.entries) {
      listed.add(path)
      if (files.get(path)?.id !== id) edits.set(path, { kind: 'blob', id, size })
    }
    const { source } = input
    for (const path of files.keys()) {
      if (!listed.has(path) && (source === undefined || rootOf(path) === source)) edits.set(path, { kind: 'gone' })
    }
  } else {
    if (first) throw new GitvirtError({ code: 'FirstUpdateNeedsEntries', message: 'The first revision must be given as a whole listing.' })
    for (const { path, after } of input.changes) {
      if (after === undefined) edits.set(path, { kind: 'gone' })
      else if (files.get(path)?.id !== after) edits.set(path, { kind: 'blob', id: after })
    }
  }
  for (const { path, ...why } of input.refused ?? []) edits.set(path, { kind: 'refused', ...why })
  return edits
}

/** Keys of the files that went because a path above them is refused now, by that path: their folder is there, only not readable. */
export function coveredKeys(edits: ReadonlyMap<string, PathEdit>, files: ReadonlyMap<string, FileState>): Map<string, ObjectKey[]> {
  const covered = new Map<string, ObjectKey[]>()
  for (const [path, edit] of edits) {
    if (edit.kind !== 'gone') continue
    const above = foldersAbove(path).find((folder) => edits.get(folder)?.kind === 'refused')
    if (above !== undefined) covered.set(above, [...(covered.get(above) ?? []), ...keysOf(files.get(path))])
  }
  return covered
}
