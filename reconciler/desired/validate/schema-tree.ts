import { kindSchema, schemaDocument } from '../../../schemas/documents.ts'
import type { Pointer } from './types.ts'

/** The parts of draft-07 that the kinds use. */
export type SchemaNode = {
  readonly $ref?: string
  readonly $id?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly title?: string
  readonly description?: string
  readonly patternErrorMessage?: string
  readonly definitions?: Readonly<Record<string, SchemaNode>>
}

/** A place in a schema: the node, and the document that its local references point into. */
export type SchemaPlace = { readonly node: SchemaNode; readonly document: SchemaNode }

/** The root of a kind's schema. */
export function rootPlace(kind: string): SchemaPlace | undefined {
  const document: SchemaNode | undefined = kindSchema(kind)
  return document === undefined ? undefined : { node: document, document }
}

/** Follows references until a node that says something itself. */
export function resolvePlace(place: SchemaPlace): SchemaPlace {
  let { node, document } = place
  while (node.$ref !== undefined) {
    const [file = '', pointer = ''] = node.$ref.split('#')
    if (file !== '') document = schemaDocument(file)
    node = document.definitions?.[pointer.slice('/definitions/'.length)] ?? {}
  }
  return { node, document }
}

/** The place of one key or index below a place, or undefined where the schema knows none. */
export function childPlace(place: SchemaPlace, key: string | number): SchemaPlace | undefined {
  const { node, document } = resolvePlace(place)
  const child = typeof key === 'number' ? node.items : propertyNode(node, key)
  return child === undefined ? undefined : resolvePlace({ node: child, document })
}

function propertyNode(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key]
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
}

/** The place at a pointer, or undefined where the schema ends before. */
export function placeAt(kind: string, pointer: Pointer): SchemaPlace | undefined {
  let place = rootPlace(kind)
  for (const part of pointer) place = place === undefined ? undefined : childPlace(place, part)
  return place === undefined ? undefined : resolvePlace(place)
}

/** One field of a kind: the names from the root to it, `[]` for any element of an array and `*` for any key of a map. */
export type FieldEntry = { readonly path: readonly string[]; readonly node: SchemaNode }

/** Every field of a kind, parents before children. */
export function* fieldsOf(kind: string): Generator<FieldEntry> {
  const root = rootPlace(kind)
  if (root !== undefined) yield* fieldsBelow(root, [])
}

function* fieldsBelow(place: SchemaPlace, path: readonly string[]): Generator<FieldEntry> {
  const { node, document } = resolvePlace(place)
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const childPath = [...path, name]
    yield { path: childPath, node: child }
    yield* fieldsBelow({ node: child, document }, childPath)
  }
  if (node.items !== undefined) yield* fieldsBelow({ node: node.items, document }, [...path, '[]'])
  if (typeof node.additionalProperties === 'object') {
    yield* fieldsBelow({ node: node.additionalProperties, document }, [...path, '*'])
  }
}
