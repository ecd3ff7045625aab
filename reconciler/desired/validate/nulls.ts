import { childPlace, resolvePlace, rootPlace, type SchemaPlace } from './schema-tree.ts'

/**
 * Takes out every field whose value is null, as the Kubernetes API server does: there null means "not given".
 * Nulls in arrays, and as values of maps such as labels, stay: those are mistakes that validation reports.
 * Returns the object itself where there is nothing to take out. Top-level `status` and `creationTimestamp` may be null.
 */
export function dropNulls<T extends object>(kind: string, object: T): T {
  const root = rootPlace(kind)
  return root === undefined ? object : (dropBelow(root, object) as T)
}

function dropBelow(place: SchemaPlace, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || !holdsNull(value)) return value
  if (Array.isArray(value)) {
    return value.map((item: unknown) => dropIn(childPlace(place, 0), item))
  }
  const { properties } = resolvePlace(place).node
  const kept: [string, unknown][] = []
  for (const [key, field] of Object.entries(value)) {
    if (field === null && properties !== undefined && Object.hasOwn(properties, key)) continue
    kept.push([key, dropIn(childPlace(place, key), field)])
  }
  return Object.fromEntries(kept)
}

function dropIn(place: SchemaPlace | undefined, value: unknown): unknown {
  return place === undefined ? value : dropBelow(place, value)
}

/** True where a null is anywhere inside; saves the copy of nearly every object. */
function holdsNull(value: object): boolean {
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key]
    if (field === null || (typeof field === 'object' && holdsNull(field))) return true
  }
  return false
}
