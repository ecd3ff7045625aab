import { keysOf, type Claim, type FileContent, type FileState } from '../../desired/engine/file-state.ts'
import type { ManifestError } from '../../desired/types.ts'
import type { JudgedObject } from '../../desired/judge/types.ts'
import { foldersAbove } from '../../lib/folders-above.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { PathEdit } from './commit.ts'
import type { LayeredMap } from './layered-map.ts'

/** One file's word on a key: a claim, or a broken file that may declare it. */
export type KeyClaim = { readonly path: string; readonly claim?: Claim; readonly problem?: ManifestError }

/** What Git says of a key at one commit. */
export type KeyState =
  | { readonly status: 'absent' }
  | { readonly status: 'known'; readonly judged: JudgedObject; readonly path: string }
  | { readonly status: 'unknown'; readonly path: string; readonly problem?: ManifestError }

/** The state that several claims come to: as the reconciler has it (desired/engine/claims.ts). */
export function keyState(claims: readonly KeyClaim[]): KeyState {
  const told = claims.filter(({ claim }) => claim !== undefined)
  const [first] = told
  if (first?.claim === undefined) {
    const [suspect] = claims
    return suspect === undefined ? { status: 'absent' } : unknown(suspect)
  }
  if (told.length > 1) return unknown({ ...first, problem: duplicate(told) })
  const { judged } = first.claim
  return judged === undefined ? unknown(first) : { status: 'known', judged, path: first.path }
}

function unknown({ path, problem }: KeyClaim): KeyState {
  return { status: 'unknown', path, ...(problem === undefined ? {} : { problem }) }
}

function duplicate(claims: readonly KeyClaim[]): ManifestError {
  const [first, ...others] = claims
  const places = others.map(({ path, claim }) => `${path}:${claim?.line ?? 1}`).join(', ')
  const place = { path: first?.path ?? '', line: first?.claim?.line ?? 1, column: first?.claim?.column ?? 1 }
  return { severity: 'error', code: 'DuplicateObject', message: `It is declared more than once: also in ${places}.`, ...place }
}

/** A file's words by key. */
export function claimsOf(path: string, file: FileState | undefined): Map<ObjectKey, KeyClaim[]> {
  const all = new Map<ObjectKey, KeyClaim[]>()
  for (const key of keysOf(file)) all.set(key, [])
  for (const [key, list] of all) {
    const problem = file?.errors.find((error) => error.severity === 'error' && (error.object ?? key) === key)
    const claims = file?.claims.get(key) ?? []
    if (claims.length === 0) list.push({ path, ...(problem === undefined ? {} : { problem }) })
    else list.push(...claims.map((claim) => ({ path, claim, ...(problem === undefined ? {} : { problem }) })))
  }
  return all
}

/** What stands at a path after an edit; undefined where nothing does. */
export function contentAfter(edit: PathEdit, content: (id: string) => FileContent | undefined): FileContent | undefined {
  if (edit.refused !== undefined) return edit.refused
  return edit.after === undefined ? undefined : content(edit.after)
}

/**
 * Keys that an edited path gave before. A link or submodule that takes the place of a folder stands for what was below it: its objects
 * are unknown, not deleted.
 */
export function rememberedKeys(edit: PathEdit, edits: readonly PathEdit[], files: LayeredMap<string, FileState>): ObjectKey[] {
  const own = keysOf(files.get(edit.path))
  if (edit.refused === undefined) return [...own]
  const covered = edits.filter(({ path, after }) => after === undefined && foldersAbove(path).includes(edit.path))
  return [...own, ...covered.flatMap(({ path }) => keysOf(files.get(path)))]
}
