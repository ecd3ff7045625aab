import { differingFields, type Body } from './fields.ts'
import { isSame } from './match.ts'
import { createAllowance, type Allowance } from './policy.ts'
import type {
  Comparison,
  ComparisonPolicy,
  ComparisonSummary,
  FieldDifference,
  IndexedObject,
  JsonObject,
  Match,
  ObjectDifference,
  Place,
  SideIndex,
} from './types.ts'

/** Bodies by key. Those of matches that `isSame` holds equal are never asked for. */
export type Bodies = (side: 'base' | 'other', object: IndexedObject) => JsonObject | undefined

export type CompareInput = {
  readonly names: { readonly base: string; readonly other: string }
  readonly base: SideIndex
  readonly other: SideIndex
  readonly matches: readonly Match[]
  readonly bodies: Bodies
  /** Of the first side. */
  readonly policy?: ComparisonPolicy | undefined
}

/** How two sides differ, object by object and field by field. Pure: the same input gives the same result. */
export function compareSides(input: CompareInput): Comparison {
  const allowance = createAllowance([input.policy])
  const live = !input.base.declared || !input.other.declared
  const objects: ObjectDifference[] = []
  let equal = 0
  for (const match of input.matches) {
    const difference = isSame(match) ? undefined : compareMatch(match, { input, allowance, live })
    if (difference === undefined) equal += 1
    else objects.push(difference)
  }
  const errors = (['base', 'other'] as const).flatMap((side) => input[side].errors.map((error) => ({ side, error })))
  return { ...input.names, objects, errors, summary: summarise(objects, equal) }
}

type Context = { readonly input: CompareInput; readonly allowance: Allowance; readonly live: boolean }

function compareMatch(match: Match, context: Context): ObjectDifference | undefined {
  const { base, other } = match
  if (base === 'unknown' || other === 'unknown') {
    const unknownOn = base === other ? 'both' : base === 'unknown' ? 'base' : 'other'
    return { ...headOf(match), change: 'unknown', fields: [], unknownOn }
  }
  if (base === 'absent' || other === 'absent') {
    const allowed = presenceAllowed(match, context.allowance)
    return { ...headOf(match), change: base === 'absent' ? 'added' : 'removed', fields: [], ...(allowed === undefined ? {} : { allowed }) }
  }
  const fields = compareBodies(match, context)
  return fields.length === 0 ? undefined : { ...headOf(match), change: 'changed', fields }
}

/** A volume that a machine's template makes comes and goes with the machine. */
function presenceAllowed({ key, otherKey, baseObject, otherObject }: Match, allowance: Allowance): string | undefined {
  const owner = (baseObject ?? otherObject)?.ownerKey
  return allowance.presence(key) ?? allowance.presence(otherKey) ?? (owner === undefined ? undefined : allowance.presence(owner))
}

function compareBodies(match: Match, { input, allowance, live }: Context): FieldDifference[] {
  const base = bodyOf('base', match.baseObject, input.bodies)
  const other = bodyOf('other', match.otherObject, input.bodies)
  if (base === undefined || other === undefined) return []
  return differingFields(base, other, live).map((field) => {
    const allowed = allowance.field(match.key, field.path)
    return allowed === undefined ? field : { ...field, allowed }
  })
}

function bodyOf(side: 'base' | 'other', indexed: IndexedObject | undefined, bodies: Bodies): Body | undefined {
  const object = indexed === undefined ? undefined : bodies(side, indexed)
  return indexed === undefined || object === undefined ? undefined : { key: indexed.key, ownerKey: indexed.ownerKey, object }
}

function headOf({ key, otherKey, baseObject, otherObject }: Match): Pick<ObjectDifference, 'key' | 'otherKey' | 'base' | 'other'> {
  return {
    key,
    ...(otherKey === key ? {} : { otherKey }),
    ...(baseObject === undefined ? {} : { base: placeOf(baseObject) }),
    ...(otherObject === undefined ? {} : { other: placeOf(otherObject) }),
  }
}

function placeOf({ path, line, column }: IndexedObject): Place {
  return { path, line, column }
}

/** True where the Fleet allows all in which the object differs. */
export function isAllowed({ change, allowed, fields }: ObjectDifference): boolean {
  if (change === 'unknown') return false
  return change === 'changed' ? fields.every((field) => field.allowed !== undefined) : allowed !== undefined
}

function summarise(objects: readonly ObjectDifference[], equal: number): ComparisonSummary {
  const counts = { added: 0, removed: 0, changed: 0, unknown: 0, allowed: 0 }
  for (const object of objects) counts[isAllowed(object) ? 'allowed' : object.change] += 1
  return { equal, ...counts }
}

/** 0 equal (but for what is allowed), 1 different, 2 where a side has what cannot be read. As `kubectl diff` has them. */
export function exitCodeOf({ summary, errors }: Comparison): 0 | 1 | 2 {
  if (errors.length > 0 || summary.unknown > 0) return 2
  return summary.added + summary.removed + summary.changed > 0 ? 1 : 0
}

/** The comparison without what the Fleet allows: objects that differ only so are left out. */
export function withoutAllowed(comparison: Comparison): Comparison {
  const objects = comparison.objects
    .filter((object) => !isAllowed(object))
    .map((object) => ({ ...object, fields: object.fields.filter(({ allowed }) => allowed === undefined) }))
  return { ...comparison, objects }
}
