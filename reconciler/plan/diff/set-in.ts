import { segmentName, type Segments } from './path.ts'
import { orderSegment } from './tree.ts'

type Json = Readonly<Record<string, unknown>>

/** The value with another one at a path, or without it where the new one is undefined; nothing of the old one is changed. Pure. */
export function setIn(root: unknown, path: Segments, value: unknown): unknown {
  const [segment, ...rest] = path
  if (segment === undefined) return value
  if (segment === orderSegment) return Array.isArray(root) && Array.isArray(value) ? reordered(root, value) : root
  const name = segmentName(segment)
  if (Array.isArray(root) || (root === undefined && isEntry(segment, rest, value)))
    return setEntry(Array.isArray(root) ? root : [], { name, rest, value })
  const object = root !== null && typeof root === 'object' ? (root as Json) : {}
  const next = setIn(Object.hasOwn(object, name) ? object[name] : undefined, rest, value)
  const { [name]: _, ...others } = object
  return next === undefined ? others : { ...object, [name]: next }
}

/** A bracket stands for a list entry where the value carries its name. */
function isEntry(segment: string, rest: Segments, value: unknown): boolean {
  return segment.startsWith('[') && rest.length === 0 && nameOf(value) === segmentName(segment)
}

type Entry = { readonly name: string; readonly rest: Segments; readonly value: unknown }

function setEntry(list: readonly unknown[], { name, rest, value }: Entry): unknown[] {
  const index = list.findIndex((entry) => nameOf(entry) === name)
  const next = setIn(index === -1 ? undefined : list[index], rest, value)
  if (index === -1) return next === undefined ? [...list] : [...list, next]
  return next === undefined ? list.toSpliced(index, 1) : list.with(index, next)
}

function reordered(list: readonly unknown[], names: readonly unknown[]): unknown[] {
  const place = (entry: unknown): number => {
    const index = names.indexOf(nameOf(entry))
    return index === -1 ? names.length : index
  }
  return list.toSorted((one, other) => place(one) - place(other))
}

function nameOf(value: unknown): string | undefined {
  return value !== null && typeof value === 'object' && 'name' in value && typeof value.name === 'string' ? value.name : undefined
}
