import type { ObjectKey } from '../../lib/object-key.ts'

/** A place in a text; both count from 1. */
export type Position = { readonly line: number; readonly column: number }

/** Keys and indexes from the document's root down to one field. */
export type Pointer = readonly (string | number)[]

/** A ManifestError before its file is known: blobs are judged once, wherever they stand. */
export type Problem = {
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly line: number
  readonly column: number
  readonly object?: ObjectKey
  readonly field?: string
  readonly action?: string
}
