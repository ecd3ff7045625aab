import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import type { ManifestError } from '../types.ts'
import type { Claim, FileState } from './file-state.ts'

/** What Git says about a key, all files together. */
export type Verdict =
  | { readonly kind: 'absent' }
  | { readonly kind: 'known'; readonly claim: Claim }
  | { readonly kind: 'unknown'; readonly errors: readonly ManifestError[] }

const absent: Verdict = { kind: 'absent' }
const unknown: Verdict = { kind: 'unknown', errors: [] }

/** Which files claim which keys. */
export class Claims {
  readonly #claims = new Map<ObjectKey, readonly Claim[]>()
  /** How many broken files may hold a key. */
  readonly #suspicions = new Map<ObjectKey, number>()

  /** Takes a file's claims out, and the new ones in. Adds the keys concerned to `touched`. */
  replace(before: FileState | undefined, after: FileState | undefined, touched: Set<ObjectKey>): void {
    for (const [key, claims] of before?.claims ?? []) {
      touched.add(key)
      const rest = (this.#claims.get(key) ?? []).filter((claim) => !claims.includes(claim))
      if (rest.length === 0) this.#claims.delete(key)
      else this.#claims.set(key, rest)
    }
    for (const key of before?.suspected ?? []) touched.add(this.#suspect(key, -1))
    for (const [key, claims] of after?.claims ?? []) {
      touched.add(key)
      const others = this.#claims.get(key)
      this.#claims.set(key, others === undefined ? claims : [...others, ...claims])
    }
    for (const key of after?.suspected ?? []) touched.add(this.#suspect(key, 1))
  }

  #suspect(key: ObjectKey, by: number): ObjectKey {
    const count = (this.#suspicions.get(key) ?? 0) + by
    if (count <= 0) this.#suspicions.delete(key)
    else this.#suspicions.set(key, count)
    return key
  }

  /** Files that claim a key. */
  of(key: ObjectKey): readonly Claim[] {
    return this.#claims.get(key) ?? []
  }

  verdict(key: ObjectKey): Verdict {
    const claims = this.of(key)
    const [claim] = claims
    if (claim === undefined) return this.#suspicions.has(key) ? unknown : absent
    if (claims.length > 1) return { kind: 'unknown', errors: claims.map((one) => duplicateError(key, one, claims)) }
    if (claim.object === undefined) return unknown
    const owner = claim.object.ownerKey
    // What a doubtful VirtualMachine would make is as doubtful as itself.
    if (owner !== undefined && this.verdict(owner).kind !== 'known') return unknown
    return { kind: 'known', claim }
  }
}

function duplicateError(key: ObjectKey, claim: Claim, claims: readonly Claim[]): ManifestError {
  const others = claims
    .filter((other) => other !== claim)
    .sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
    .map(({ path, line }) => `${path}:${line}`)
  const shown = others.slice(0, 5).join(', ')
  return {
    severity: 'error',
    code: 'DuplicateObject',
    message: `${keyText(key)} is declared more than once: also in ${shown}${others.length > 5 ? ` and ${others.length - 5} more places` : ''}.`,
    action: 'Keep one of them; until then nothing is changed or removed for this object.',
    path: claim.path,
    line: claim.line,
    column: claim.column,
    object: key,
  }
}
