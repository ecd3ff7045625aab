import { compareSides, needsFields } from '../../compare/compare.ts'
import { differingFields } from '../../compare/fields.ts'
import { maskDifferences } from '../../compare/mask.ts'
import { matchSides } from '../../compare/match.ts'
import type { Comparison, ComparisonPolicy, FieldDifference, IndexedObject, Match, SideIndex } from '../../compare/types.ts'
import type { BlobCache } from '../../desired/cache.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { Side } from './side.ts'
import { SidesContent } from './sides-content.ts'

export type ComputeOptions = {
  readonly cache: BlobCache
  readonly selects?: ((key: ObjectKey) => boolean) | undefined
}

/** Compares two opened sides; the values in the result are masked. */
export async function computeDiff(base: Side, other: Side, { cache, selects }: ComputeOptions): Promise<Comparison> {
  const content = new SidesContent([base, other], cache)
  const [left = none, right = none] = await content.indexes()
  // What runs has no policy of its own.
  const policy = left.declared ? await policyOf(content, 0, left) : await policyOf(content, 1, right)
  const matches = matchSides(left, right, { policy, selects })
  const live = !left.declared || !right.declared
  const fields = await fieldsOf(matches.filter(needsFields), { content, cache, live })
  const names = { base: base.name, other: other.name }
  return compareSides({ names, base: left, other: right, matches, fieldsOf: (match) => fields.get(match) ?? [], policy, selects })
}

const none: SideIndex = { objects: [], unknownKeys: [], untold: [], errors: [], declared: true }

/** What the side's Fleet says about comparisons. */
export async function policyOf(content: SidesContent, side: number, index: SideIndex): Promise<ComparisonPolicy | undefined> {
  const fleet = index.objects.find(({ key }) => key.startsWith('Fleet/'))
  if (fleet === undefined) return undefined
  const body = (await content.bodies(side, [fleet])).get(fleet.key) as { readonly spec?: { readonly environments?: ComparisonPolicy } }
  return body.spec?.environments
}

type FieldsInput = { readonly content: SidesContent; readonly cache: BlobCache; readonly live: boolean }

/** Masked differences of pairs, by the digests of both objects from the cache where they were compared before. */
async function fieldsOf(matches: readonly Match[], input: FieldsInput): Promise<ReadonlyMap<Match, readonly FieldDifference[]>> {
  const ids = new Map(matches.map((match) => [match, pairId(match, input.live)]))
  const texts = input.cache.get([...ids.values()])
  const fields = new Map<Match, readonly FieldDifference[]>()
  for (const [match, id] of ids) {
    const known = parseFields(texts.get(id))
    if (known !== undefined) fields.set(match, known)
  }
  const fresh = await computeFields(
    matches.filter((match) => !fields.has(match)),
    input,
  )
  input.cache.put([...fresh].map(([match, found]) => [ids.get(match) ?? '', JSON.stringify(found)] as const))
  for (const [match, found] of fresh) fields.set(match, found)
  return fields
}

function pairId({ key, otherKey, baseObject, otherObject }: Match, live: boolean): string {
  const one = `${baseObject?.digest ?? ''} ${baseObject?.ownerKey ?? ''}`
  const other = `${otherObject?.digest ?? ''} ${otherObject?.ownerKey ?? ''}`
  return `pair:${live ? 'live' : ''}:${key === otherKey ? '' : 'renamed'}:${key.slice(0, key.indexOf('/'))}:${one}:${other}`
}

function parseFields(text: string | undefined): readonly FieldDifference[] | undefined {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text)
    return Array.isArray(value) ? (value as FieldDifference[]) : undefined
  } catch {
    return undefined
  }
}

async function computeFields(matches: readonly Match[], { content, live }: FieldsInput): Promise<ReadonlyMap<Match, FieldDifference[]>> {
  const fields = new Map<Match, FieldDifference[]>()
  if (matches.length === 0) return fields
  const before = await content.bodies(0, objectsOf(matches, 'baseObject'))
  const after = await content.bodies(1, objectsOf(matches, 'otherObject'))
  for (const match of matches) {
    const base = before.get(match.key)
    const other = after.get(match.otherKey)
    if (base === undefined || other === undefined) continue
    const from = { key: match.key, object: base, ownerKey: match.baseObject?.ownerKey }
    const to = { key: match.otherKey, object: other, ownerKey: match.otherObject?.ownerKey }
    fields.set(match, maskDifferences(match.key, differingFields(from, to, live)))
  }
  return fields
}

function objectsOf(matches: readonly Match[], side: 'baseObject' | 'otherObject'): IndexedObject[] {
  return matches.flatMap((match) => match[side] ?? [])
}
