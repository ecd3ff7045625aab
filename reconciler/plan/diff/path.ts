/**
 * A place in an API object: field names, and list entries or map keys that are not plain names in brackets.
 * `['spec', 'disks', '[root]', 'serial']` reads `spec.disks[root].serial`.
 */
export type Segments = readonly string[]

const plainName = /^[A-Za-z_][A-Za-z0-9_-]*$/

/** The bracket form of a list entry's name. */
export function entrySegment(name: string): string {
  return `[${name}]`
}

/** The segment of a field or map key. */
export function fieldSegment(name: string): string {
  return plainName.test(name) ? name : entrySegment(name)
}

/** The name in a segment, without brackets. */
export function segmentName(segment: string): string {
  return segment.startsWith('[') ? segment.slice(1, -1) : segment
}

/** Dotted text of a path. */
export function formatPath(segments: Segments): string {
  let text = ''
  for (const segment of segments) text += text === '' || segment.startsWith('[') ? segment : `.${segment}`
  return text
}

/** The segments of a dotted text. */
export function parsePath(text: string): Segments {
  return text.match(/\[[^\]]*\]|[^.[\]]+/g) ?? []
}

/** True where `path` is `ancestor` or lies below it. */
export function isWithin(path: string, ancestor: string): boolean {
  if (!path.startsWith(ancestor)) return false
  const next = path[ancestor.length]
  return next === undefined || next === '.' || next === '['
}
