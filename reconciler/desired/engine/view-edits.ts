import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import type { JudgedObject } from '../judge/types.ts'
import type { DesiredObject, ManifestError } from '../types.ts'
import type { KeySet, ViewParts } from '../view/desired-view.ts'
import { VersionedMap } from '../view/versioned-map.ts'
import type { Claims } from './claims.ts'

/** Outcome of a change: the parts of the next view, and the keys that look different in it. */
export type EditedParts = { readonly parts: ViewParts; readonly changed: Set<ObjectKey> }

type SetEdits<K> = Map<K, Map<ObjectKey, true | undefined>>

/** Brings the objects, their indexes and their faults up to what the claims now say about the touched keys. */
export function editObjects(parts: ViewParts, claims: Claims, touched: ReadonlySet<ObjectKey>): EditedParts {
  const objects = new Map<ObjectKey, DesiredObject | undefined>()
  const unknownKeys = new Map<ObjectKey, true | undefined>()
  const duplicates = new Map<ObjectKey, readonly ManifestError[]>()
  /** Keys that came, went, or became known or unknown: what refers to them is looked at again. */
  const turned = new Set<ObjectKey>()
  for (const key of touched) {
    const verdict = claims.verdict(key)
    const object = verdict.kind === 'known' ? verdict.claim.object : undefined
    const before = parts.objects.get(key)
    const wasUnknown = parts.unknownKeys.has(key)
    if (object !== before) objects.set(key, object)
    if (wasUnknown !== (verdict.kind === 'unknown')) unknownKeys.set(key, verdict.kind === 'unknown' ? true : undefined)
    if (verdict.kind !== 'absent' && verdict.errors.length > 0) duplicates.set(key, verdict.errors)
    if ((before !== undefined || wasUnknown) !== (verdict.kind !== 'absent') || wasUnknown !== (verdict.kind === 'unknown')) turned.add(key)
  }
  const changed = new Set([...objects.keys(), ...unknownKeys.keys()])
  const isFirst = parts.objects.isEmpty && parts.unknownKeys.isEmpty
  const indexes = editIndexes(parts, objects)
  const edited: ViewParts = { ...parts, ...indexes, objects: parts.objects.with(objects), unknownKeys: parts.unknownKeys.with(unknownKeys) }
  // In a first view all that could depend on something is touched itself.
  const recheck = new Set(touched)
  for (const key of isFirst ? [] : turned) for (const dependent of edited.dependents.get(key)?.keys() ?? []) recheck.add(dependent)
  const { keyErrors, rechecked } = recheckKeys(edited, { claims, recheck, duplicates })
  for (const key of rechecked) changed.add(key)
  return { parts: { ...edited, keyErrors }, changed }
}

/** Which kind has which keys, and who refers to whom. */
function editIndexes(
  parts: ViewParts,
  objects: ReadonlyMap<ObjectKey, DesiredObject | undefined>,
): Pick<ViewParts, 'byKind' | 'dependents'> {
  const kinds: SetEdits<DesiredObject['kind']> = new Map()
  const dependents: SetEdits<ObjectKey> = new Map()
  for (const [key, after] of objects) {
    const before = parts.objects.get(key)
    const kind = (after ?? before)?.kind
    if (kind !== undefined && (after === undefined) !== (before === undefined))
      editOf(kinds, kind).set(key, after === undefined ? undefined : true)
    for (const target of before?.references ?? []) editOf(dependents, target).set(key, undefined)
    for (const target of after?.references ?? []) editOf(dependents, target).set(key, true)
  }
  return { byKind: editSets(parts.byKind, kinds), dependents: editSets(parts.dependents, dependents) }
}

function editOf<K>(edits: SetEdits<K>, key: K): Map<ObjectKey, true | undefined> {
  let inner = edits.get(key)
  if (inner === undefined) {
    inner = new Map()
    edits.set(key, inner)
  }
  return inner
}

function editSets<K>(sets: VersionedMap<K, KeySet>, edits: SetEdits<K>): VersionedMap<K, KeySet> {
  const outer = new Map<K, KeySet | undefined>()
  for (const [key, inner] of edits) {
    const set = (sets.get(key) ?? new VersionedMap<ObjectKey, true>()).with(inner)
    outer.set(key, set.isEmpty ? undefined : set)
  }
  return sets.with(outer)
}

type Recheck = {
  readonly claims: Claims
  readonly recheck: ReadonlySet<ObjectKey>
  readonly duplicates: ReadonlyMap<ObjectKey, readonly ManifestError[]>
}

function recheckKeys(
  parts: ViewParts,
  { claims, recheck, duplicates }: Recheck,
): Pick<ViewParts, 'keyErrors'> & { rechecked: ObjectKey[] } {
  const edits = new Map<ObjectKey, readonly ManifestError[] | undefined>()
  for (const key of recheck) {
    const owned = duplicates.get(key)
    const references = [...missingReferences(parts, claims, key), ...shutReferences(parts, claims, key)]
    const errors = owned === undefined ? references : [...owned, ...references]
    const before = parts.keyErrors.get(key)
    if (errors.length > 0 || before !== undefined) edits.set(key, errors.length > 0 ? errors : undefined)
  }
  const rechecked = [...edits.keys()]
  return { keyErrors: parts.keyErrors.with(edits), rechecked }
}

const none: readonly ManifestError[] = []

/** What was judged of an object; another source may claim its key too. */
function judgedOf(claims: Claims, key: ObjectKey, object: DesiredObject): JudgedObject | undefined {
  return claims.of(key).find((claim) => claim.object === object)?.judged
}

/** A reference is missing where its key is neither declared nor unknown. */
function missingReferences(parts: ViewParts, claims: Claims, key: ObjectKey): readonly ManifestError[] {
  const object = parts.objects.get(key)
  if (object === undefined || object.references.length === 0) return none
  const judged = judgedOf(claims, key, object)
  if (judged === undefined) return none
  const missing = judged.references.filter((one) => one.optional !== true && !parts.objects.has(one.key) && !parts.unknownKeys.has(one.key))
  return missing.map((one): ManifestError => {
    return {
      severity: 'error',
      code: 'MissingReference',
      message: `${keyText(key)} refers to ${keyText(one.key)}, which is not declared.`,
      action: 'Declare it, or correct the name.',
      path: object.origin.path,
      line: one.line,
      column: one.column,
      object: key,
      field: one.field,
      refersTo: one.key,
    }
  })
}

/** What an object reads and nobody can open: told with the object too, because it is the one that waits for it. */
function shutReferences(parts: ViewParts, claims: Claims, key: ObjectKey): ManifestError[] {
  const object = parts.objects.get(key)
  const judged = object === undefined ? undefined : judgedOf(claims, key, object)
  if (object === undefined || judged === undefined) return []
  return judged.references.flatMap((one): ManifestError[] => {
    const claim = parts.unknownKeys.has(one.key) ? claims.of(one.key).find(({ shut }) => shut !== undefined) : undefined
    if (claim?.shut === undefined) return []
    const { code, message, action } = claim.shut
    return [
      {
        severity: 'error',
        code,
        message: `${keyText(key)} reads ${keyText(one.key)}, which cannot be opened (${claim.path}:${claim.line}:${claim.column}): ${message}`,
        ...(action === undefined ? {} : { action }),
        path: object.origin.path,
        line: one.line,
        column: one.column,
        object: key,
        field: one.field,
        refersTo: one.key,
      },
    ]
  })
}
