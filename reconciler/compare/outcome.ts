import type { Comparison, ObjectDifference } from './types.ts'

/** True where the Fleet allows all in which the object differs. */
export function isAllowed({ change, allowed, fields }: ObjectDifference): boolean {
  if (change === 'unknown') return false
  return change === 'changed' ? fields.every((field) => field.allowed !== undefined) : allowed !== undefined
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
