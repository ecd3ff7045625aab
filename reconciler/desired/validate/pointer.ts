import type { Pointer } from './types.ts'

/** The pointer of a path that `fieldPath` wrote. */
export function parseFieldPath(path: string): Pointer {
  const parts = path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([A-Za-z0-9_-]+)/g)
  return [...parts].map(([, index, quoted, key]) =>
    index === undefined ? (quoted === undefined ? (key ?? '') : String(JSON.parse(quoted))) : Number(index),
  )
}

/** The value at a pointer, or undefined where the way ends before. */
export function valueAt(root: unknown, pointer: Pointer): unknown {
  let value = root
  for (const part of pointer) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

/** Reads an RFC 6901 JSON pointer of a value that is at hand, which tells indexes from keys. */
export function parsePointer(text: string, root: unknown): Pointer {
  if (text === '') return []
  const parts: (string | number)[] = []
  let value = root
  for (const raw of text.slice(1).split('/')) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~')
    const part = Array.isArray(value) ? Number(key) : key
    parts.push(part)
    value = value !== null && typeof value === 'object' ? (value as Record<string | number, unknown>)[part] : undefined
  }
  return parts
}
