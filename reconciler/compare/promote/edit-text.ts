import { isAlias, isMap, isPair, isScalar, isSeq, stringify, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import { segmentName, type Segments } from '../../plan/diff/path.ts'
import { findObject, type Target } from './find-object.ts'
import { nest } from './nest.ts'

/** What becomes of one field: its new value, or undefined where it goes. */
export type FieldEdit = { readonly path: Segments; readonly value?: unknown }

/**
 * The text with one field of one object changed. Only the lines of the field are touched: comments, order, quotes and blank lines
 * stay. Undefined where the text is not laid out so that this can be done: flow collections, anchors, a value beside its dash.
 */
export function editText(text: string, target: Target, edit: FieldEdit): string | undefined {
  const root = findObject(text, target)?.root
  return root === undefined ? undefined : editNode(text, descend(root, edit.path), edit.value)
}

/** The value of a field as the text has it; undefined where the text does not state it. */
export function statedValue(text: string, target: Target, path: Segments): unknown {
  const found = findObject(text, target)
  if (found === undefined) return undefined
  const { item, rest } = descend(found.root, path)
  const document = found.documents[0]
  return rest.length > 0 || document === undefined ? undefined : valueOf(item)?.toJS(document, { maxAliasCount: 0 })
}

/** How far a path exists: its deepest collection, the item in it that the path names, and what of the path is missing. */
type Descent = { readonly parent: Node; readonly item: unknown; readonly rest: Segments }

function descend(root: YAMLMap, path: Segments): Descent {
  let parent: Node = root
  let item: unknown = root
  for (const [index, segment] of path.entries()) {
    const node: Node | undefined = valueOf(item)
    if (node === undefined) return { parent, item, rest: path.slice(index) }
    const next: unknown = isMap(node) || isSeq(node) ? childOf(node, segment) : undefined
    if (next === undefined) return { parent: node, item, rest: path.slice(index) }
    parent = node
    item = next
  }
  return { parent, item, rest: [] }
}

function valueOf(item: unknown): Node | undefined {
  const value: unknown = isPair(item) ? item.value : item
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value) ? value : undefined
}

function childOf(node: YAMLMap | YAMLSeq, segment: string): unknown {
  const name = segmentName(segment)
  if (isMap(node)) return node.items.find(({ key }) => isScalar(key) && String(key.value) === name)
  return node.items.find((entry) => isMap(entry) && entry.get('name') === name)
}

function editNode(text: string, { parent, item, rest }: Descent, value: unknown): string | undefined {
  if (rest.length > 0) return value === undefined ? text : insert(text, parent, nest(rest, value))
  const old = valueOf(item)
  if (old === undefined || hasMark(old)) return undefined
  if (isScalar(old) && isInline(value) && old.type !== 'BLOCK_LITERAL' && old.type !== 'BLOCK_FOLDED') {
    const [start = 0, end = 0] = old.range ?? []
    // An empty value has no place of its own.
    return start === end ? undefined : `${text.slice(0, start)}${stringify(value, wide).trimEnd()}${text.slice(end)}`
  }
  const without = remove(text, parent, item)
  if (value === undefined || without === undefined || !isPair(item)) return value === undefined ? without : undefined
  return replacePair(text, item, value)
}

/** Texts that YAML 1.1 reads as something else, such as no, are quoted. */
const wide = { lineWidth: 0, compat: 'yaml-1.1' } as const

function isInline(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && !value.includes('\n'))
}

function hasMark(node: Node): boolean {
  return isAlias(node) || ('anchor' in node && node.anchor !== undefined)
}

function insert(text: string, parent: Node, { key = '', value }: { readonly key?: string; readonly value: unknown }): string | undefined {
  if ((!isMap(parent) && !isSeq(parent)) || parent.flow === true || hasMark(parent) || parent.range === null || parent.range === undefined)
    return undefined
  const last: unknown = parent.items.at(-1)
  const end = endOfLine(text, last)
  if (end === undefined) return undefined
  const indent = ' '.repeat(columnOf(text, parent.range[0]))
  const lines = stringify(isMap(parent) ? { [key]: value } : [value], wide)
    .trimEnd()
    .split('\n')
  return `${text.slice(0, end)}\n${lines.map((line) => (line === '' ? line : `${indent}${line}`)).join('\n')}${text.slice(end)}`
}

/** The end of the last line that an item takes, its comment included. */
function endOfLine(text: string, item: unknown): number | undefined {
  const end = valueOf(item)?.range?.[1]
  if (end === undefined) return undefined
  // A block scalar ends behind its line.
  if (text[end - 1] === '\n') return end - 1
  const newline = text.indexOf('\n', end)
  return newline === -1 ? text.length : newline
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1)
}

/** Where the lines of an item begin; undefined where something else stands on its first line. */
function startOfLines(text: string, parent: Node, item: unknown): number | undefined {
  const key: unknown = isPair(item) ? item.key : undefined
  const offset = isScalar(key) ? key.range?.[0] : isSeq(parent) ? valueOf(item)?.range?.[0] : undefined
  if (offset === undefined) return undefined
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const before = text.slice(start, offset)
  return (isSeq(parent) ? /^ *- +$/ : /^ *$/).test(before) ? start : undefined
}

function remove(text: string, parent: Node, item: unknown): string | undefined {
  if ((!isMap(parent) && !isSeq(parent)) || parent.flow === true || parent.items.length < 2) return undefined
  const start = startOfLines(text, parent, item)
  const end = endOfLine(text, item)
  return start === undefined || end === undefined ? undefined : `${text.slice(0, start)}${text.slice(end + 1)}`
}

function replacePair(text: string, pair: Pair, value: unknown): string | undefined {
  const start = isScalar(pair.key) ? pair.key.range?.[0] : undefined
  const end = endOfLine(text, pair)
  if (start === undefined || end === undefined) return undefined
  const indent = ' '.repeat(columnOf(text, start))
  const lines = stringify({ [String(isScalar(pair.key) ? pair.key.value : '')]: value }, wide)
    .trimEnd()
    .split('\n')
  return `${text.slice(0, start)}${lines.map((line, index) => (index === 0 || line === '' ? line : `${indent}${line}`)).join('\n')}${text.slice(end)}`
}
