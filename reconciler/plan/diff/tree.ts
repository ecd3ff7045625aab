import { entrySegment, fieldSegment, type Segments } from './path.ts'

/** One place where two values differ; a side that is absent there is undefined. */
export type TreeDifference = { readonly path: Segments; readonly before?: unknown; readonly after?: unknown }

type Json = Readonly<Record<string, unknown>>

/** Marks the pseudo entry that tells a changed order of a named list. */
export const orderSegment = '[(order)]'

/**
 * Deep equality of JSON values. null and undefined count as absent, as the API server treats them; the order of object
 * fields does not matter.
 */
export function equalJson(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (one === null || one === undefined) return other === null || other === undefined
  if (other === null || other === undefined || typeof one !== 'object' || typeof other !== 'object') return false
  if (Array.isArray(one) || Array.isArray(other)) return Array.isArray(one) && Array.isArray(other) && equalLists(one, other)
  return equalObjects(one as Json, other as Json)
}

function equalLists(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index += 1) if (!equalJson(one[index], other[index])) return false
  return true
}

function equalObjects(one: Json, other: Json): boolean {
  let present = 0
  for (const name in one) {
    const value = one[name]
    if (value === undefined || value === null) continue
    if (!Object.hasOwn(other, name) || !equalJson(value, other[name])) return false
    present += 1
  }
  for (const name in other) {
    const value = other[name]
    if (value !== undefined && value !== null) present -= 1
  }
  return present === 0
}

/**
 * The smallest set of fields in which two values differ. Lists whose entries all have a unique `name` are compared by
 * that name (an added or removed entry is one difference, a changed order another); other lists are one value.
 */
export function diffTree(before: unknown, after: unknown, path: Segments = []): TreeDifference[] {
  if (equalJson(before, after)) return []
  const differences: TreeDifference[] = []
  compare({ before, after, path, into: differences })
  return differences
}

type Comparison = { readonly before: unknown; readonly after: unknown; readonly path: Segments; readonly into: TreeDifference[] }

function compare(comparison: Comparison): void {
  const { before, after, path, into } = comparison
  if (equalJson(before, after)) return
  if (isObjectOrAbsent(before) && isObjectOrAbsent(after) && fieldNames(before, after).length > 0) {
    for (const name of fieldNames(before, after)) {
      compare({ before: valueOf(before, name), after: valueOf(after, name), path: [...path, fieldSegment(name)], into })
    }
    return
  }
  const beforeEntries = namedEntries(before)
  const afterEntries = namedEntries(after)
  if (beforeEntries !== undefined && afterEntries !== undefined) compareEntries(comparison, beforeEntries, afterEntries)
  else into.push(difference(path, before, after))
}

function compareEntries(comparison: Comparison, before: ReadonlyMap<string, Json>, after: ReadonlyMap<string, Json>): void {
  const { path, into } = comparison
  for (const [name, entry] of before) {
    const other = after.get(name)
    const place = [...path, entrySegment(name)]
    if (other === undefined) into.push(difference(place, entry, undefined))
    else compare({ before: entry, after: other, path: place, into })
  }
  for (const [name, entry] of after) if (!before.has(name)) into.push(difference([...path, entrySegment(name)], undefined, entry))
  const orderBefore = [...before.keys()].filter((name) => after.has(name))
  const orderAfter = [...after.keys()].filter((name) => before.has(name))
  if (!equalLists(orderBefore, orderAfter)) into.push(difference([...path, orderSegment], orderBefore, orderAfter))
}

function difference(path: Segments, before: unknown, after: unknown): TreeDifference {
  const absent = (value: unknown): boolean => value === undefined || value === null
  return { path, ...(absent(before) ? {} : { before }), ...(absent(after) ? {} : { after }) }
}

function isObjectOrAbsent(value: unknown): value is Json | null | undefined {
  return value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value))
}

function valueOf(object: Json | null | undefined, name: string): unknown {
  return object !== null && object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
}

function fieldNames(before: Json | null | undefined, after: Json | null | undefined): string[] {
  return [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort()
}

/** Entries by name; an absent list is an empty one; undefined where the list is not one of uniquely named objects. */
function namedEntries(value: unknown): ReadonlyMap<string, Json> | undefined {
  if (value === undefined || value === null) return new Map()
  if (!Array.isArray(value)) return undefined
  const entries = new Map<string, Json>()
  for (const entry of value as (Json | null)[]) {
    if (entry === null || typeof entry !== 'object' || typeof entry['name'] !== 'string') return undefined
    if (entries.has(entry['name'])) return undefined
    entries.set(entry['name'], entry)
  }
  return entries
}
