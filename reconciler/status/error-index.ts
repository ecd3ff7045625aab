import type { ManifestError } from '../desired/types.ts'
import type { ObjectKey } from '../lib/object-key.ts'

export type ErrorIndex = {
  get(key: ObjectKey): readonly ManifestError[]
  /** Takes the errors of a new view and returns the keys whose errors differ from before. */
  take(errors: readonly ManifestError[]): ReadonlySet<ObjectKey>
}

/** Manifest errors by object. Cost follows the number of errors, and is nothing for the same array. */
export function createErrorIndex(): ErrorIndex {
  let source: readonly ManifestError[] = []
  let byKey = new Map<ObjectKey, ManifestError[]>()
  return {
    get: (key) => byKey.get(key) ?? [],
    take: (errors) => {
      if (errors === source) return new Set()
      const before = byKey
      source = errors
      byKey = new Map()
      for (const error of errors) {
        if (error.object === undefined) continue
        const known = byKey.get(error.object)
        if (known === undefined) byKey.set(error.object, [error])
        else known.push(error)
      }
      const keys = new Set([...before.keys(), ...byKey.keys()])
      return new Set([...keys].filter((key) => textOf(before.get(key)) !== textOf(byKey.get(key))))
    },
  }
}

function textOf(errors: readonly ManifestError[] | undefined): string {
  return (errors ?? []).map((error) => `${error.path}:${error.line}:${error.column}:${error.message}`).join('\n')
}
