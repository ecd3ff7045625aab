import { isObject, objectAt, textAt } from '../convert/json.ts'
import type { JsonObject } from '../convert/json.ts'
import type { ParsedDocument } from '../parse/parse-manifest.ts'
import { isCipherText, sopsField } from './recognise.ts'

/** Fields of Secrets and ConfigMaps that hold values. */
export const valueFields: readonly string[] = ['data', 'stringData', 'binaryData']

/** The document without SOPS' metadata. */
export function clearDocument(document: ParsedDocument): ParsedDocument {
  const { value } = document
  return isObject(value) ? { ...document, value: without(value, sopsField) } : document
}

function without(object: JsonObject, field: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== field))
}

/** Cipher text is no base64 and no boolean; what it stands for is checked when it is opened. */
export function withPlaceholders(object: JsonObject): JsonObject {
  const entries = Object.entries(object).filter(([, value]) => !isCipherText(value))
  return Object.fromEntries(entries.map(([field, value]) => [field, isObject(value) ? placeholdersIn(field, value) : value]))
}

function placeholdersIn(field: string, fields: JsonObject): JsonObject {
  if (field === 'metadata') return clearMetadata(fields)
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, isCipherText(value) ? '' : value]))
}

/** Labels and annotations that are encrypted stay where they are: with nobody. */
function clearMetadata(metadata: JsonObject): JsonObject {
  const fields = Object.entries(metadata).filter(([, value]) => !isCipherText(value))
  return Object.fromEntries(
    fields.map(([field, value]) => [
      field,
      isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, text]) => !isCipherText(text))) : value,
    ]),
  )
}

/** What anybody may see: what stands in clear in Git, and of what does not, the names only. */
export function publicBody(object: JsonObject, clear: JsonObject | undefined): JsonObject {
  const metadata = objectAt(object, 'metadata')
  const shown = clear === undefined ? {} : clearMetadata(objectAt(clear, 'metadata'))
  const type = textAt(clear, 'type')
  return {
    apiVersion: object['apiVersion'],
    kind: object['kind'],
    metadata: { ...shown, name: metadata['name'], namespace: metadata['namespace'] },
    ...(type === undefined || isCipherText(type) ? {} : { type }),
    ...Object.fromEntries(valueFields.flatMap((field) => shownValues(field, object, clear))),
  }
}

function shownValues(field: string, object: JsonObject, clear: JsonObject | undefined): [string, JsonObject][] {
  const values = object[field]
  if (!isObject(values)) return []
  const shown = objectAt(clear, field)
  return [[field, Object.fromEntries(Object.keys(values).map((key) => [key, shown[key] ?? '(encrypted)']))]]
}
