import { formatBytes } from '../../lib/quantity.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { judgedDigest } from '../judge/judged-digest.ts'
import type { JudgedBlob, JudgedObject } from '../judge/types.ts'
import { unreadContents } from '../sealed/contents.ts'
import type { SealedContents } from '../sealed/contents.ts'
import type { UnsealFault } from '../sealed/unsealer.ts'
import type { ParseLimits } from '../parse/limits.ts'
import type { Position, Problem } from '../parse/problem.ts'
import type { DesiredObject, ManifestError } from '../types.ts'

/** A file's claim on a key: with the object where it is valid. */
export type Claim = Position & {
  readonly path: string
  readonly object?: DesiredObject
  readonly judged?: JudgedObject
  /** Why it stays shut, where it is encrypted. */
  readonly shut?: UnsealFault
}

/** One file of the environment, as the engine remembers it. */
export type FileState = {
  /** Absent for a file that the source refused. */
  readonly id?: string
  readonly claims: ReadonlyMap<ObjectKey, readonly Claim[]>
  readonly errors: readonly ManifestError[]
  /** True where the file may declare more than its claims. */
  readonly broken: boolean
  /** Keys that a broken file seems to declare, or declared when it was last whole; of several sources, also what its source lost when it broke. */
  readonly suspected: ReadonlySet<ObjectKey>
  /** Keys of the volumes that each VirtualMachine's templates make. */
  readonly owned: ReadonlyMap<ObjectKey, readonly ObjectKey[]>
  /** The verdict on an encrypted file. While it is held here, the opener can tell it to others. */
  readonly sealed?: JudgedBlob
}

/** What the caller found for one path: a judged blob, or why there is none. */
export type FileContent =
  | { readonly id: string; readonly blob: JudgedBlob }
  | {
      readonly id?: string
      readonly blob?: undefined
      readonly code: string
      readonly message: string
      readonly errors?: readonly ManifestError[]
    }

type Place = { readonly path: string; readonly fleetPath: string }

/** Keys that a file declared, or may have declared. */
export function keysOf(file: FileState | undefined): readonly ObjectKey[] {
  return file === undefined ? [] : [...file.claims.keys(), ...file.suspected]
}

/** The state of a file from its content and the keys that its path, and what stood below it, gave before. */
export function fileState(place: Place, content: FileContent, remembered: readonly ObjectKey[]): FileState {
  if (content.blob === undefined) {
    const error: ManifestError = { severity: 'error', code: content.code, message: content.message, path: place.path, line: 1, column: 1 }
    const id = content.id === undefined ? {} : { id: content.id }
    return { ...id, claims: new Map(), errors: content.errors ?? [error], broken: true, suspected: new Set(remembered), owned: new Map() }
  }
  const { id, blob } = content
  const claims = new Map<ObjectKey, Claim[]>()
  const claim = (key: ObjectKey, entry: Claim): void => void (claims.get(key)?.push(entry) ?? claims.set(key, [entry]))
  const misplaced = fleetProblems(place, blob)
  for (const judged of blob.objects) {
    const { line, column } = judged
    if (judged.kind !== 'Fleet')
      claim(judged.key, { path: place.path, line, column, judged, object: desiredObject(judged, place.path, id) })
    else if (misplaced.length === 0)
      claim(judged.key, { path: place.path, line, column, judged, object: desiredObject(judged, place.path, id) })
    // A second policy makes the first one doubtful; one in another place claims nothing.
    else if (place.path === place.fleetPath) claim(judged.key, { path: place.path, line, column })
  }
  for (const { key, ...rest } of blob.invalid) claim(key, { path: place.path, ...rest })
  const broken = blob.broken || misplaced.length > 0
  const suspected = broken ? [...blob.guesses, ...remembered].filter((key) => !claims.has(key)) : []
  const exposure = exposed(place.path, blob)
  const problems = misplaced.length + exposure.length === 0 ? blob.problems : [...blob.problems, ...misplaced, ...exposure]
  const errors = problems.length === 0 ? noErrors : problems.map((problem): ManifestError => ({ ...problem, path: place.path }))
  return {
    id,
    claims,
    errors,
    broken,
    suspected: suspected.length === 0 ? nothing : new Set(suspected),
    owned: ownedKeys(blob),
    ...(blob.sealed === undefined ? {} : { sealed: blob }),
  }
}

const noErrors: readonly ManifestError[] = []
const nothing: ReadonlySet<ObjectKey> = new Set()
const noOwned: FileState['owned'] = new Map()

function ownedKeys(blob: JudgedBlob): FileState['owned'] {
  if (!blob.objects.some(({ ownerKey }) => ownerKey !== undefined)) return noOwned
  const owned = new Map<ObjectKey, ObjectKey[]>()
  for (const { key, ownerKey } of blob.objects) {
    if (ownerKey === undefined) continue
    const keys = owned.get(ownerKey)
    if (keys === undefined) owned.set(ownerKey, [key])
    else keys.push(key)
  }
  return owned
}

const noProblems: readonly Problem[] = []

function isFleet({ kind }: JudgedObject): boolean {
  return kind === 'Fleet'
}

/** Whoever gives a file this name believes that nobody can read it. */
function exposed(path: string, blob: JudgedBlob): Problem[] {
  if (!path.endsWith('.age') || blob.sealed === 'age') return []
  const action = 'Encrypt it with age, and think of what it holds as known to others.'
  return [
    {
      severity: 'warning',
      code: 'NotEncrypted',
      message: 'This file is not encrypted, whatever its name says.',
      action,
      line: 1,
      column: 1,
    },
  ]
}

/** The policy is one Fleet, in one file: elsewhere anybody who may add a file could loosen it. */
function fleetProblems({ path, fleetPath }: Place, blob: JudgedBlob): readonly Problem[] {
  if (!blob.objects.some(isFleet)) return noProblems
  const fleets = blob.objects.filter(isFleet)
  const problem =
    (code: string, message: string, action: string) =>
    (fleet: JudgedObject): Problem => {
      return { severity: 'error', code, message, action, object: fleet.key, line: fleet.line, column: fleet.column }
    }
  if (path !== fleetPath) {
    return fleets.map(problem('MisplacedFleet', `A Fleet is read from ${fleetPath} only.`, `Move it to ${fleetPath}, or remove it.`))
  }
  return fleets.length < 2 ? [] : fleets.map(problem('DuplicateObject', 'An environment has one Fleet.', 'Keep one of them.'))
}

function desiredObject(judged: JudgedObject, path: string, blob: string): DesiredObject {
  // Validation has shown that the object has the shape of its kind.
  return new FileObject(judged, path, blob) as unknown as DesiredObject
}

/** An object in its place. Its body stays with the judged one, which may have to parse it first. */
class FileObject {
  readonly key: ObjectKey
  readonly kind: DesiredObject['kind']
  readonly references: readonly ObjectKey[]
  readonly origin: DesiredObject['origin']
  declare readonly ownerKey?: ObjectKey
  declare readonly notes?: readonly string[]
  declare readonly honoured?: true
  declare readonly sealed?: SealedContents
  readonly #judged: JudgedObject
  #digest: string | undefined

  constructor(judged: JudgedObject, path: string, blob: string) {
    const { key, kind, references, ownerKey, notes, honoured, sealed, line, column } = judged
    this.key = key
    this.kind = kind
    this.references = keysOfReferences(references)
    this.origin = { path, line, column, blob }
    if (ownerKey !== undefined) this.ownerKey = ownerKey
    if (notes !== undefined) this.notes = notes
    if (honoured !== undefined) this.honoured = honoured
    if (sealed !== undefined) this.sealed = sealed === true ? unreadContents(judgedDigest(judged)) : sealed
    this.#judged = judged
  }

  get digest(): string {
    return (this.#digest ??= judgedDigest(this.#judged))
  }

  get object(): JudgedObject['object'] {
    return this.#judged.object
  }
}

const noReferences: readonly ObjectKey[] = []

/** Each once. */
function keysOfReferences(references: JudgedObject['references']): readonly ObjectKey[] {
  const [first, second] = references
  if (first === undefined) return noReferences
  return second === undefined ? [first.key] : [...new Set(references.map((reference) => reference.key))]
}

/** The content of a file whose blob the reader did not hand out. */
export function unreadContent(id: string, size: number | undefined, limits: ParseLimits): FileContent {
  if (size !== undefined && size > limits.maxBytes) {
    return { id, code: 'TooLarge', message: `This file has ${formatBytes(size)}; at most ${formatBytes(limits.maxBytes)} are read.` }
  }
  // Without the id, the next update asks for it again.
  return { code: 'BlobMissing', message: 'The content of this file could not be read from the repository.' }
}
