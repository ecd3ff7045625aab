import type { ObjectKey } from '../../lib/object-key.ts'
import type { DesiredObject, DesiredView, ManifestError } from '../types.ts'
import { foldersAbove } from '../../lib/folders-above.ts'
import { doubtReferences } from '../sealed/doubt-references.ts'
import { sortErrors } from './sort-errors.ts'
import { VersionedMap } from './versioned-map.ts'

export type KeySet = VersionedMap<ObjectKey, true>

/** All that a view shows, each part in the version of one revision. */
export type ViewParts = {
  readonly objects: VersionedMap<ObjectKey, DesiredObject>
  readonly byKind: VersionedMap<DesiredObject['kind'], KeySet>
  /** Objects that refer to a key. */
  readonly dependents: VersionedMap<ObjectKey, KeySet>
  readonly unknownPaths: VersionedMap<string, true>
  readonly unknownKeys: KeySet
  readonly pathErrors: VersionedMap<string, readonly ManifestError[]>
  /** Faults that come of several files together: duplicates, missing references. */
  readonly keyErrors: VersionedMap<ObjectKey, readonly ManifestError[]>
}

export function emptyParts(): ViewParts {
  return {
    objects: new VersionedMap(),
    byKind: new VersionedMap(),
    dependents: new VersionedMap(),
    unknownPaths: new VersionedMap(),
    unknownKeys: new VersionedMap(),
    pathErrors: new VersionedMap(),
    keyErrors: new VersionedMap(),
  }
}

export type ViewFacts = {
  /** Encrypted files of which nobody can tell all that they declare. */
  readonly veiled?: readonly string[]
  readonly severalSources?: boolean
}

/** A view of one revision. It stays what it is when the engine goes on. */
export function createView(revision: string, parts: ViewParts, { veiled = [], severalSources = false }: ViewFacts = {}): DesiredView {
  let errors: readonly ManifestError[] | undefined
  return {
    revision,
    severalSources,
    get: (key) => parts.objects.get(key),
    keys: () => parts.objects.keys(),
    keysOf: (kind) => parts.byKind.get(kind)?.keys() ?? [],
    dependents: (key) => parts.dependents.get(key)?.keys() ?? [],
    isUnknownPath: (path) => parts.unknownPaths.has(path) || foldersAbove(path).some((folder) => parts.unknownPaths.has(folder)),
    unknownPaths: () => parts.unknownPaths.keys(),
    isUnknownKey: (key) => parts.unknownKeys.has(key),
    errors: () => (errors ??= doubtReferences(sortErrors([...parts.pathErrors.values(), ...parts.keyErrors.values()].flat()), veiled)),
  }
}
