import { schemaDocument } from '../../schemas/documents.ts'
import { placeAt, type SchemaNode } from '../desired/validate/schema-tree.ts'
import { parseQuantity } from '../lib/quantity.ts'
import { segmentName, type Segments } from '../plan/diff/path.ts'
import type { TreeDifference } from '../plan/diff/tree.ts'

/** True where a field that the kind's schema calls a quantity has the same amount on both sides, only written differently. */
export function isSameQuantity(kind: string, { path, before, after }: TreeDifference): boolean {
  return isAmount(before) && isAmount(after) && isQuantityField(kind, path) && amount(before) === amount(after)
}

function isAmount(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

const known = new Map<string, boolean>()

function isQuantityField(kind: string, path: Segments): boolean {
  const id = `${kind}\0${path.join('\0')}`
  let answer = known.get(id)
  if (answer === undefined) {
    answer = isQuantityAt(kind, path, [])
    if (known.size < 1000) known.set(id, answer)
  }
  return answer
}

/** A segment in brackets is a list's entry or a map's key: the schema tells which. */
function isQuantityAt(kind: string, rest: Segments, pointer: readonly (string | number)[]): boolean {
  const [segment, ...below] = rest
  const place = placeAt(kind, pointer)
  if (place === undefined) return false
  if (segment === undefined) return place.node === quantity()
  return isQuantityAt(kind, below, [...pointer, place.node.items === undefined ? segmentName(segment) : 0])
}

/** The schema that fields of amounts refer to. */
function quantity(): SchemaNode | undefined {
  const { definitions }: SchemaNode = schemaDocument('meta.json')
  return definitions?.['Quantity']
}

function amount(value: string | number): number {
  try {
    return parseQuantity(value)
  } catch {
    return Number.NaN
  }
}
