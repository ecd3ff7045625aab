import { segmentName, type Segments } from '../../plan/diff/path.ts'

/** What a missing path and its value are inside the collection that is there. */
export function nest(rest: Segments, value: unknown): { readonly key: string; readonly value: unknown } {
  const [first = '', ...below] = rest
  const inner = below.length === 0 ? value : nested(below, value)
  return { key: segmentName(first), value: inner }
}

function nested(path: Segments, value: unknown): unknown {
  const { key, value: inner } = nest(path, value)
  return isEntry(path[0] ?? '', inner) ? [inner] : { [key]: inner }
}

/** Brackets stand for list entries and for odd map keys: an entry carries its own name. */
function isEntry(segment: string, value: unknown): boolean {
  return segment.startsWith('[') && value !== null && typeof value === 'object' && 'name' in value && value.name === segmentName(segment)
}
