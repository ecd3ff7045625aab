import type { ManifestError } from '../types.ts'

/** A copy in the order people read: by file, place, and code. Plain code-unit order, the same on every machine. */
export function sortErrors(errors: readonly ManifestError[]): ManifestError[] {
  return [...errors].sort(
    (a, b) => compare(a.path, b.path) || a.line - b.line || a.column - b.column || compare(a.code, b.code) || compare(a.message, b.message),
  )
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
