import { isCollection, isMap, isSeq, type Document } from 'yaml'
import { segmentName, type Segments } from '../../plan/diff/path.ts'
import type { FieldEdit } from './edit-text.ts'
import { findObject, type Target } from './find-object.ts'
import { nest } from './nest.ts'

/**
 * The text with one field of one object changed through the document model: keeps comments, but writes the whole file anew, so that
 * its spacing may change. For what `editText` cannot do. Undefined where the field cannot be reached, as behind an alias.
 */
export function editDocument(text: string, target: Target, { path, value }: FieldEdit): string | undefined {
  const found = findObject(text, target)
  const first = found?.documents[0]
  if (found === undefined || first === undefined) return undefined
  const { place, rest, open } = placeOf(found.root, path)
  if (value === undefined && rest.length > 0) return text
  if (!open) return undefined
  if (value === undefined) found.root.deleteIn(place)
  else if (rest.length === 0) found.root.setIn(place, first.createNode(value))
  else {
    const { key, value: inner } = nest(rest, value)
    const parent: unknown = place.length === 0 ? found.root : found.root.getIn(place)
    if (isMap(parent)) parent.set(key, first.createNode(inner))
    else if (isSeq(parent)) parent.add(first.createNode(inner))
  }
  return textOf(found.documents, text)
}

/** Undefined where an alias has lost its anchor. */
function textOf(documents: readonly Document.Parsed[], text: string): string | undefined {
  // Lists that are not indented below their key stay so.
  const indentSeq = !/^( *)[^\s#-][^\n]*:\n\1- /m.test(text)
  try {
    return documents.map((document) => document.toString({ lineWidth: 0, indentSeq })).join('')
  } catch {
    return undefined
  }
}

/** How far a path exists, as names and indexes; `open` where what is there can take the rest. */
type Reached = { readonly place: readonly (string | number)[]; readonly rest: Segments; readonly open: boolean }

function placeOf(root: unknown, path: Segments): Reached {
  const place: (string | number)[] = []
  let node = root
  for (const [index, segment] of path.entries()) {
    const name = segmentName(segment)
    const step = isSeq(node)
      ? node.items.findIndex((item) => isMap(item) && item.get('name') === name)
      : isMap(node) && node.has(name)
        ? name
        : -1
    if (step === -1) return { place, rest: path.slice(index), open: isCollection(node) }
    place.push(step)
    node = isSeq(node) ? node.items[Number(step)] : isMap(node) ? node.get(name, true) : undefined
  }
  return { place, rest: [], open: true }
}
