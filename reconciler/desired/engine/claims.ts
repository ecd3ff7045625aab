import { rootOf } from '../../lib/folders-above.ts'
import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import type { ManifestError } from '../types.ts'
import type { Claim, FileState } from './file-state.ts'

/** What Git says about a key, all files together. */
export type Verdict =
  | { readonly kind: 'absent' }
  | { readonly kind: 'known'; readonly claim: Claim; readonly errors: readonly ManifestError[] }
  | { readonly kind: 'unknown'; readonly errors: readonly ManifestError[] }

const absent: Verdict = { kind: 'absent' }
const noErrors: readonly ManifestError[] = []
const unknown: Verdict = { kind: 'unknown', errors: noErrors }

/** Which files claim which keys. */
export class Claims {
  readonly #claims = new Map<ObjectKey, readonly Claim[]>()
  /** How many broken files may hold a key. */
  readonly #suspicions = new Map<ObjectKey, number>()
  /** Of objects that several sources claim: the one that had it before; undefined where nobody can tell. */
  readonly #owners = new Map<ObjectKey, string | undefined>()

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

  /**
   * Tells who owns the keys that one source has just changed, where another one claims them too: the other one, which had it before, until
   * it gives it up.
   * @param source root of the source whose files were replaced
   * @param ownersUnknown true where the source is read for the first time, so that nobody can tell who had it before
   */
  settleOwners(touched: ReadonlySet<ObjectKey>, source: string, ownersUnknown: boolean): void {
    for (const key of touched) {
      const sources = new Set(this.of(key).map(({ path }) => rootOf(path)))
      if (sources.size < 2) this.#owners.delete(key)
      else if (!this.#owners.has(key)) this.#owners.set(key, ownersUnknown ? undefined : [...sources].find((one) => one !== source))
      else if (!sources.has(this.#owners.get(key) ?? '\0')) this.#owners.set(key, undefined)
    }
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
    if (claims.length > 1) return this.#contested(key, claims)
    return this.#verdictOn(claim, noErrors)
  }

  /** Several claims: that of the source that owned the object before others claimed it holds; where none did, none holds. */
  #contested(key: ObjectKey, claims: readonly Claim[]): Verdict {
    const winner = this.#winner(key, claims)
    if (winner === undefined) return { kind: 'unknown', errors: claims.map((one) => duplicateError(key, one, claims)) }
    return this.#verdictOn(
      winner,
      claims.filter((one) => one !== winner).map((one) => ownedError(key, one, winner)),
    )
  }

  #verdictOn(claim: Claim, errors: readonly ManifestError[]): Verdict {
    const owner = claim.object?.ownerKey
    // What a doubtful VirtualMachine would make is as doubtful as itself.
    if (claim.object === undefined || (owner !== undefined && this.verdict(owner).kind !== 'known'))
      return errors.length === 0 ? unknown : { kind: 'unknown', errors }
    return { kind: 'known', claim, errors }
  }

  /** The claim of the source that owned the object before others claimed it; undefined where none did, or claims it twice. */
  #winner(key: ObjectKey, claims: readonly Claim[]): Claim | undefined {
    const owner = this.#owners.get(key)
    const [own, another] = claims.filter(({ path }) => rootOf(path) === owner)
    return another === undefined ? own : undefined
  }
}

function ownedError(key: ObjectKey, claim: Claim, winner: Claim): ManifestError {
  const { path, line, column } = claim
  return {
    severity: 'error',
    code: 'OwnedByOtherSource',
    message: `${keyText(key)} belongs to another source, which declares it in ${winner.path}:${winner.line}: what stands here is not used.`,
    action: 'Remove it here; or, to move it, remove it there now that it stands here.',
    path,
    line,
    column,
    object: key,
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
