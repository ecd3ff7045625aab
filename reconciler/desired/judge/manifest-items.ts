import { isObject } from '../convert/json.ts'
import type { JsonObject } from '../convert/json.ts'
import type { ParseLimits } from '../parse/limits.ts'
import type { ParsedDocument } from '../parse/parse-manifest.ts'
import type { Pointer, Position, Problem } from '../parse/problem.ts'

/** One object of a file: a document, or an item of a List. */
export type ManifestItem = {
  readonly object: JsonObject
  /** False: no null is anywhere in the object. */
  readonly mayHoldNull: boolean
  /** Place of a field of this object. */
  readonly locate: (pointer: Pointer) => Position
}

export type ManifestItems = { readonly items: readonly ManifestItem[]; readonly problems: readonly Problem[] }

/** The objects of one document: Lists are opened, what is no Kubernetes object is told and left out. */
export function itemsOf(document: ParsedDocument, limits: ParseLimits): ManifestItems {
  const { value } = document
  if (!isObject(value)) return skipped(document.locate([]), 'This document is no Kubernetes object: it is not a mapping.')
  if (isList(value)) return listItems(document, value['items'], limits)
  if (value['apiVersion'] === undefined && value['kind'] === undefined) {
    return skipped(document.locate([]), 'This document is no Kubernetes object: it has neither apiVersion nor kind.')
  }
  return { items: [{ object: value, mayHoldNull: document.mayHoldNull, locate: (pointer) => document.locate(pointer) }], problems: [] }
}

type ListObject = JsonObject & { readonly items: readonly unknown[] }

/** A v1 List, or the typed list of any kind. Source: Kubernetes API conventions, "Lists and Simple kinds". */
function isList(value: JsonObject): value is ListObject {
  const { kind, items } = value
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) && value['spec'] === undefined
}

function listItems(document: ParsedDocument, list: readonly unknown[], limits: ParseLimits): ManifestItems {
  const items: ManifestItem[] = []
  const problems: Problem[] = []
  const fault = (index: number, message: string): void => {
    problems.push({ severity: 'error', code: 'InvalidValue', message, field: `items[${index}]`, ...document.locate(['items', index]) })
  }
  for (const [index, object] of list.entries()) {
    if (index >= limits.maxObjects) {
      fault(index, `A List may hold at most ${limits.maxObjects} objects.`)
      break
    }
    if (!isObject(object)) fault(index, 'An item of a List must be an object.')
    else if (isList(object)) fault(index, 'A List must not hold another List.')
    else items.push({ object, mayHoldNull: document.mayHoldNull, locate: (pointer) => document.locate(['items', index, ...pointer]) })
  }
  return { items, problems }
}

function skipped(place: Position, message: string): ManifestItems {
  const action = 'Nothing to do where it is not meant for gitvirt; else give it apiVersion and kind.'
  return { items: [], problems: [{ severity: 'warning', code: 'NotAManifest', message, action, ...place }] }
}
