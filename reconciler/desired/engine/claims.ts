import { rootOf } from '../../lib/folders-above.ts'
import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import type { ManifestError } from '../types.ts'
import type { Claim, FileState } from './file-state.ts'
import type { Owners } from './owners.ts'

/** What Git says about a key, all files together. */
export type Verdict =
  | { readonly kind: 'absent' }
  | { readonly kind: 'known'; readonly claim: Claim; readonly errors: readonly ManifestError[] }
  | { readonly kind: 'unknown'; readonly errors: readonly ManifestError[] }

const absent: Verdict = { kind: 'absent' }
const noErrors: readonly ManifestError[] = []
const unknown: Verdict = { kind: 'unknown', errors: noErrors }

/** Of several sources: who had what before, and whether a file, or a folder above it, cannot be read now. */
export type Ownership = { readonly owners: Owners; readonly isShut: (path: string) => boolean }

/** Which files claim which keys. */
export class Claims {
  readonly #ownership: Ownership | undefined
  readonly #claims = new Map<ObjectKey, readonly Claim[]>()
  /** How many broken files may hold a key. */
  readonly #suspicions = new Map<ObjectKey, number>()
  /** Claimed by one source while another one has them and cannot be read. */
  readonly #awaited = new Set<ObjectKey>()

  /** @param ownership without it, an object that is claimed more than once is nobody's */
  constructor(ownership?: Ownership) {
    this.#ownership = ownership
  }

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

  /** Keys that wait for a file of another source, which may be there by now. */
  awaited(): Iterable<ObjectKey> {
    return this.#awaited
  }

  /** What the source with this root has, or had last. */
  ownedBy(root: string): Iterable<ObjectKey> {
    return this.#ownership?.owners.keysOf(root) ?? []
  }

  /** Which of these keys the source that has them claims in no file any more, by its root. */
  lost(touched: ReadonlySet<ObjectKey>): ReadonlyMap<string, readonly ObjectKey[]> {
    const lost = new Map<string, ObjectKey[]>()
    for (const key of touched) {
      const had = this.#ownership?.owners.of(key)
      const root = had === undefined ? undefined : rootOf(had)
      if (root === undefined || this.of(key).some(({ path }) => rootOf(path) === root)) continue
      const keys = lost.get(root)
      if (keys === undefined) lost.set(root, [key])
      else keys.push(key)
    }
    return lost
  }

  /** A source is read for the first time: of what it claims beside another, only what was kept from before tells who had it. */
  doubtOwners(touched: ReadonlySet<ObjectKey>): void {
    const owners = this.#ownership?.owners
    if (owners === undefined) return
    for (const key of touched) {
      const claims = this.of(key)
      if (claims.length > 1 && !owners.wasKnown(key) && rootsOf(claims).size > 1) owners.put(key, undefined)
    }
  }

  /** Notes who has these keys from now on. What is in doubt stays with whom it was. */
  noteOwners(touched: ReadonlySet<ObjectKey>): void {
    if (this.#ownership === undefined) return
    const { owners, isShut } = this.#ownership
    for (const key of touched) {
      const claims = this.of(key)
      const had = owners.of(key)
      const awaits = this.#awaits(key, claims) !== undefined
      if (awaits) this.#awaited.add(key)
      else this.#awaited.delete(key)
      const holder = awaits ? undefined : this.#holder(key, claims)
      if (holder !== undefined) owners.put(key, holder.path)
      else if (claims.length === 0 && !this.#suspicions.has(key) && !(had !== undefined && isShut(had))) owners.put(key, undefined)
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
    const awaited = this.#awaits(key, claims)
    if (awaited !== undefined) return { kind: 'unknown', errors: claims.map((one) => awaitedError(key, one, awaited)) }
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

  /** The file of another source that had the object and cannot be read now: nobody can tell that it was given up. */
  #awaits(key: ObjectKey, claims: readonly Claim[]): string | undefined {
    const had = this.#ownership?.owners.of(key)
    if (had === undefined || claims.some(({ path }) => rootOf(path) === rootOf(had))) return undefined
    return this.#suspicions.has(key) || this.#ownership?.isShut(had) === true ? had : undefined
  }

  /** The claim that shows who has the object, whether it is valid or not. */
  #holder(key: ObjectKey, claims: readonly Claim[]): Claim | undefined {
    return claims.length > 1 && rootsOf(claims).size > 1 ? this.#winner(key, claims) : claims[0]
  }

  /** The claim of the source that owned the object before others claimed it; undefined where none did, or claims it twice. */
  #winner(key: ObjectKey, claims: readonly Claim[]): Claim | undefined {
    const had = this.#ownership?.owners.of(key)
    if (had === undefined) return undefined
    const [own, another] = claims.filter(({ path }) => rootOf(path) === rootOf(had))
    return another === undefined ? own : undefined
  }
}

function rootsOf(claims: readonly Claim[]): ReadonlySet<string> {
  return new Set(claims.map(({ path }) => rootOf(path)))
}

function awaitedError(key: ObjectKey, { path, line, column }: Claim, had: string): ManifestError {
  return {
    severity: 'error',
    code: 'OwnedByOtherSource',
    message: `${keyText(key)} belongs to another source, which declared it in ${had}, and that cannot be read now: what stands here is not used, and nothing is changed.`,
    action: 'Mend the other one, or remove it here. "gitvirt status" tells what is wrong there.',
    path,
    line,
    column,
    object: key,
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
