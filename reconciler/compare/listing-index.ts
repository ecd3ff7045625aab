import { Claims } from '../desired/engine/claims.ts'
import { fileState, unreadContent, type FileContent } from '../desired/engine/file-state.ts'
import type { Owners } from '../desired/engine/owners.ts'
import type { JudgedBlob } from '../desired/judge/types.ts'
import { defaultLimits } from '../desired/parse/limits.ts'
import { fleetFile } from '../desired/fleet-file.ts'
import type { ManifestError, RefusedFile, TreeEntry } from '../desired/types.ts'
import { sortErrors } from '../desired/view/sort-errors.ts'
import { foldersAbove } from '../lib/folders-above.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { IndexedObject, SideIndex } from './types.ts'

/** Files of one environment; paths relative to its folder. */
export type FileListing = {
  readonly entries: readonly TreeEntry[]
  readonly refused: readonly RefusedFile[]
  /** Where it is of several sources: who has what. */
  readonly owners?: Owners
}

/** What a listing declares, by the engine's own rules: who claims which key, what is doubtful, what is broken. */
export function indexListing({ entries, refused, owners }: FileListing, blobs: ReadonlyMap<string, JudgedBlob>): SideIndex {
  const broken = new Set<string>()
  const isShut = (path: string): boolean => [path, ...foldersAbove(path)].some((one) => broken.has(one))
  const claims = new Claims(owners === undefined ? undefined : { owners, isShut })
  const touched = new Set<ObjectKey>()
  const errors: ManifestError[] = []
  const add = (path: string, content: FileContent): void => {
    const file = fileState({ path, fleetPath: fleetFile }, content, [])
    if (file.broken) {
      broken.add(path)
      errors.push(...file.errors.filter((error) => error.severity === 'error'))
    }
    claims.replace(undefined, file, touched)
  }
  for (const { path, id, size } of entries) {
    const blob = blobs.get(id)
    add(path, blob === undefined ? unreadContent(id, size, defaultLimits) : { id, blob })
  }
  for (const { path, ...why } of refused) add(path, why)
  // A file whose every error names its object declares just these.
  const untold = new Set(errors.filter((error) => error.object === undefined).map((error) => error.path))
  return { ...judgeKeys(touched, claims, errors), untold: [...untold], declared: true }
}

function judgeKeys(
  touched: ReadonlySet<ObjectKey>,
  claims: Claims,
  errors: readonly ManifestError[],
): Pick<SideIndex, 'objects' | 'unknownKeys' | 'errors'> {
  const objects: IndexedObject[] = []
  const unknownKeys: ObjectKey[] = []
  const all = [...errors]
  for (const key of touched) {
    const verdict = claims.verdict(key)
    if (verdict.kind === 'unknown') {
      unknownKeys.push(key)
      all.push(...verdict.errors)
    }
    const found = verdict.kind === 'known' ? verdict.claim.object : undefined
    if (found === undefined) continue
    const { digest, origin, ownerKey } = found
    const { path, line, column, blob } = origin
    const owner = ownerKey === undefined ? {} : { ownerKey }
    objects.push({ key, digest, path, line, column, ...(blob === undefined ? {} : { blob }), ...owner })
  }
  return { objects, unknownKeys, errors: sortErrors(all) }
}
