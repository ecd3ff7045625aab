/** A JSON object of unknown fields. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** The field as an object; an empty one where it is none. */
export function objectAt(value: unknown, field: string): JsonObject {
  const inner = isObject(value) ? value[field] : undefined
  return isObject(inner) ? inner : {}
}

/** The field as a list; an empty one where it is none. */
export function listAt(value: unknown, field: string): readonly unknown[] {
  const inner = isObject(value) ? value[field] : undefined
  return Array.isArray(inner) ? inner : []
}

/** The field as text; undefined where it is none or empty. */
export function textAt(value: unknown, field: string): string | undefined {
  const inner = isObject(value) ? value[field] : undefined
  return typeof inner === 'string' && inner !== '' ? inner : undefined
}

/** A copy with one key renamed in its place. */
export function renameKey(object: JsonObject, from: string, to: string): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key === from ? to : key, value]))
}
