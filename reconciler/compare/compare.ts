import type { ObjectKey } from '../lib/object-key.ts'
import { isSame } from './match.ts'
import { isAllowed } from './outcome.ts'
import { createAllowance, type Allowance } from './policy.ts'
import type {
  Comparison,
  ComparisonPolicy,
  ComparisonSummary,
  FieldDifference,
  IndexedObject,
  Match,
  ObjectDifference,
  Place,
  SideError,
  SideIndex,
} from './types.ts'

export type CompareInput = {
  readonly names: { readonly base: string; readonly other: string }
  readonly base: SideIndex
  readonly other: SideIndex
  readonly matches: readonly Match[]
  /** The fields in which two objects differ; asked only where `needsFields` says so. */
  readonly fieldsOf: (match: Match) => readonly FieldDifference[]
  /** Of the first side. */
  readonly policy?: ComparisonPolicy | undefined
  /** Which objects take part; errors that name another one are none of this comparison's. Default all. */
  readonly selects?: ((key: ObjectKey) => boolean) | undefined
}

/** True where both sides have the object and its digests do not show that it is the same. */
export function needsFields(match: Match): boolean {
  return match.base === 'there' && match.other === 'there' && !isSame(match)
}

/** How two sides differ, object by object and field by field. Pure: the same input gives the same result. */
export function compareSides(input: CompareInput): Comparison {
  const allowance = createAllowance([input.policy])
  const objects: ObjectDifference[] = []
  let equal = 0
  for (const match of input.matches) {
    const difference = isSame(match) ? undefined : compareMatch(match, { input, allowance })
    if (difference === undefined) equal += 1
    else objects.push(difference)
  }
  const errors = (['base', 'other'] as const).flatMap((side) => errorsOf(input, side))
  return { ...input.names, objects, errors, summary: summarise(objects, equal) }
}

function errorsOf({ selects = () => true, ...sides }: CompareInput, side: 'base' | 'other'): SideError[] {
  return sides[side].errors.filter(({ object }) => object === undefined || selects(object)).map((error) => ({ side, error }))
}

type Context = { readonly input: CompareInput; readonly allowance: Allowance }

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
  const fields = allowedFields(match, context)
  return fields.length === 0 ? undefined : { ...headOf(match), change: 'changed', fields }
}

/** A volume that a machine's template makes comes and goes with the machine. */
function presenceAllowed({ key, otherKey, baseObject, otherObject }: Match, allowance: Allowance): string | undefined {
  const owner = (baseObject ?? otherObject)?.ownerKey
  return allowance.presence(key) ?? allowance.presence(otherKey) ?? (owner === undefined ? undefined : allowance.presence(owner))
}

function allowedFields(match: Match, { input, allowance }: Context): FieldDifference[] {
  return input.fieldsOf(match).map((field) => {
    const allowed = allowance.field(match.key, field.path)
    return allowed === undefined ? field : { ...field, allowed }
  })
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

function summarise(objects: readonly ObjectDifference[], equal: number): ComparisonSummary {
  const counts = { added: 0, removed: 0, changed: 0, unknown: 0, allowed: 0 }
  for (const object of objects) counts[isAllowed(object) ? 'allowed' : object.change] += 1
  return { equal, ...counts }
}
