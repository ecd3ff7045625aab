import { fileState, keysOf, type FileContent, type FileState } from '../../desired/engine/file-state.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { claimsOf, contentAfter, keyState, rememberedKeys, type KeyClaim, type KeyState } from './claims.ts'
import type { HistoryCommit, PathEdit } from './commit.ts'
import { LayeredMap } from './layered-map.ts'
import { versionAt, type Version } from './version.ts'

export type WalkInput = {
  /** Parents before children. */
  readonly commits: readonly HistoryCommit[]
  /** What a blob says; undefined for one that does not concern the wanted objects. */
  readonly content: (id: string) => FileContent | undefined
  /** Path of the environment's Fleet. */
  readonly fleetPath: string
  /** Without it, all objects are followed. */
  readonly wanted?: ObjectKey
}

/** All that is known at one commit. */
type Snapshot = {
  readonly files: LayeredMap<string, FileState>
  readonly claims: LayeredMap<ObjectKey, readonly KeyClaim[]>
  readonly versions: LayeredMap<ObjectKey, Version>
}

/** The end of a walk: each object's version and state at the newest commit. */
export type WalkEnd = { readonly versions: ReadonlyMap<ObjectKey, Version>; state(key: ObjectKey): KeyState }

const empty: Snapshot = { files: new LayeredMap(), claims: new LayeredMap(), versions: new LayeredMap() }

/** Follows what each commit makes of the objects, from the first commit to the last. Pure. */
export function walk(input: WalkInput): WalkEnd {
  const waiting = countChildren(input.commits)
  const snapshots = new Map<string, Snapshot>()
  let last = empty
  for (const [order, commit] of input.commits.entries()) {
    const parents = commit.parents.map((id) => snapshots.get(id) ?? empty)
    last = step(input, { ...commit, order }, parents)
    snapshots.set(commit.id, last)
    for (const id of commit.parents) release(id, waiting, snapshots)
  }
  const end = last
  return { versions: end.versions.entries(), state: (key) => keyState(end.claims.get(key) ?? []) }
}

function countChildren(commits: readonly HistoryCommit[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { parents } of commits) for (const id of parents) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

/** A snapshot is kept while a child waits for it. */
function release(id: string, waiting: Map<string, number>, snapshots: Map<string, Snapshot>): void {
  const left = (waiting.get(id) ?? 1) - 1
  waiting.set(id, left)
  if (left === 0) snapshots.delete(id)
}

function step(input: WalkInput, commit: HistoryCommit & { readonly order: number }, parents: readonly Snapshot[]): Snapshot {
  const before = parents[0] ?? empty
  const files = editedFiles(input, commit.edits, before.files)
  if (files.size === 0) return before
  const claims = editedClaims(input, files, before)
  const versions = new Map<ObjectKey, Version | undefined>()
  for (const [key, list] of claims) {
    const { id, order } = commit
    const at = { key, commit: id, order, state: keyState(list ?? []), parents: parents.map((parent) => parent.versions.get(key)) }
    versions.set(key, versionAt(at))
  }
  return { files: before.files.with(files), claims: before.claims.with(claims), versions: before.versions.with(versions) }
}

/** Files that say, or may say, something of the wanted objects, before or after. */
function editedFiles(
  { content, fleetPath, wanted }: WalkInput,
  edits: readonly PathEdit[],
  files: LayeredMap<string, FileState>,
): Map<string, FileState | undefined> {
  const edited = new Map<string, FileState | undefined>()
  for (const edit of edits) {
    const found = contentAfter(edit, content)
    const known = files.get(edit.path)
    if (found === undefined && known === undefined) continue
    const state = found === undefined ? undefined : fileState({ path: edit.path, fleetPath }, found, rememberedKeys(edit, edits, files))
    const concerns = state !== undefined && (wanted === undefined ? keysOf(state).length > 0 : keysOf(state).includes(wanted))
    if (concerns) edited.set(edit.path, state)
    else if (known !== undefined) edited.set(edit.path, undefined)
  }
  return edited
}

function editedClaims(
  { wanted }: WalkInput,
  files: ReadonlyMap<string, FileState | undefined>,
  before: Snapshot,
): Map<ObjectKey, readonly KeyClaim[] | undefined> {
  const fresh = new Map<ObjectKey, KeyClaim[]>()
  for (const [path, file] of files) {
    for (const key of keysOf(before.files.get(path))) if (!fresh.has(key)) fresh.set(key, [])
    for (const [key, list] of claimsOf(path, file)) fresh.set(key, [...(fresh.get(key) ?? []), ...list])
  }
  const edited = new Map<ObjectKey, readonly KeyClaim[] | undefined>()
  for (const [key, list] of fresh) {
    if (wanted !== undefined && key !== wanted) continue
    const all = [...(before.claims.get(key) ?? []).filter(({ path }) => !files.has(path)), ...list]
    edited.set(key, all.length === 0 ? undefined : all)
  }
  return edited
}
