import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import { hiddenText, maskedText, maskField, maskValue, tableKind } from '../plan/text/mask.ts'
import { isSensitive } from '../plan/disruption/table.ts'
import { parsePath } from '../plan/diff/path.ts'
import type { FieldDifference, JsonObject } from './types.ts'

/** Kinds whose contents plans show as digests only. */
const hiddenKinds: ReadonlySet<string> = new Set(['Secret', 'ConfigMap'])
const hiddenFields = /^(?:data|stringData|binaryData)(?:$|[.[])/

/** Differences as people may see them: no values of Secrets and ConfigMaps, nothing that plans mask. */
export function maskDifferences(key: ObjectKey, fields: readonly FieldDifference[]): FieldDifference[] {
  return fields.map((field) => mask(key, field))
}

/** A whole object, likewise. */
export function maskWhole(key: ObjectKey, object: JsonObject): JsonObject {
  const masked = maskValue(tableKind(key), [], object) as JsonObject
  if (!hiddenKinds.has(parseKey(key).kind)) return masked
  const hide = (value: unknown): unknown =>
    value !== null && typeof value === 'object' ? Object.fromEntries(Object.keys(value).map((name) => [name, maskedText])) : maskedText
  return Object.fromEntries(Object.entries(masked).map(([name, value]) => [name, hiddenFields.test(name) ? hide(value) : value]))
}

function mask(key: ObjectKey, field: FieldDifference): FieldDifference {
  const hidden = hiddenKinds.has(parseKey(key).kind) && hiddenFields.test(field.path)
  const kind = tableKind(key)
  const sensitive = hidden || isSensitive(kind, parsePath(field.path))
  const { before, after } = maskField(kind, { ...field, disruption: 'none', ...(sensitive ? { sensitive } : {}) })
  const { before: _, after: __, ...rest } = field
  return {
    ...rest,
    ...(field.before === undefined ? {} : { before: hidden ? hiddenText(field.before) : before }),
    ...(field.after === undefined ? {} : { after: hidden ? hiddenText(field.after) : after }),
  }
}
