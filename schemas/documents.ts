/** The JSON Schemas as values, files of the project like its code. Each is read when first asked for: what has no fault needs none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SchemaObject } from 'ajv'
import { kindInfo, kinds } from './kinds.ts'

/** Schemas that have been read, by their files. */
const documents = new Map<string, SchemaObject>()

/** The schema in a file of this folder, such as meta.json. */
export function schemaDocument(file: string): SchemaObject {
  const known = documents.get(file)
  if (known !== undefined) return known
  const document = JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as SchemaObject
  documents.set(file, document)
  return document
}

/** The schema of a kind that Git may declare; undefined for all others. */
export function kindSchema(kind: string): SchemaObject | undefined {
  const info = kindInfo(kind)
  return info?.declarable === true ? schemaDocument(info.schema) : undefined
}

/** The schema of each kind that Git may declare. */
export function kindSchemas(): Readonly<Record<string, SchemaObject>> {
  return Object.fromEntries(kinds.map(({ kind, schema }) => [kind, schemaDocument(schema)]))
}

/** Schemas that the kinds refer to. */
export function sharedSchemas(): readonly SchemaObject[] {
  return ['meta.json', 'wire/plan.json'].map(schemaDocument)
}
