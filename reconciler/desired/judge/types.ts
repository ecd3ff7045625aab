import type { ObjectKey } from '../../lib/object-key.ts'
import type { JsonObject } from '../convert/json.ts'
import type { Position, Problem } from '../parse/problem.ts'
import type { SealedContents } from '../sealed/contents.ts'
import type { UnsealFault } from '../sealed/unsealer.ts'
import type { DesiredObject } from '../types.ts'

/** Another object's name in a field of this one, with the field's place. */
export type JudgedReference = Position & { readonly key: ObjectKey; readonly field: string; readonly optional?: true }

/** A valid object as its blob gives it: everything but the path. JSON data, so that a cache can hold it. */
export type JudgedObject = Position & {
  readonly key: ObjectKey
  readonly kind: DesiredObject['kind']
  readonly object: JsonObject
  /** What `judgedDigest` gives, where it is kept with the object; computed for all, it would be a good part of what judging costs. */
  readonly digest?: string
  readonly ownerKey?: ObjectKey
  readonly references: readonly JudgedReference[]
  readonly notes?: readonly string[]
  /** Every field is carried out here; where it is not said, it is to be found out. */
  readonly honoured?: true
  /** True: the values in `object` are cipher text, which nobody opened. Otherwise what was opened, which is in no cache. */
  readonly sealed?: true | SealedContents
}

/** An object that is declared but invalid: its key is told, what Git wants of it is not. */
export type InvalidClaim = Position & {
  readonly key: ObjectKey
  /** Why it stays shut, where it is encrypted. */
  readonly shut?: UnsealFault
}

/** All that a blob says, wherever it stands. */
export type JudgedBlob = {
  readonly objects: readonly JudgedObject[]
  readonly invalid: readonly InvalidClaim[]
  /** Keys that documents which do not parse seem to declare. */
  readonly guesses: readonly ObjectKey[]
  readonly problems: readonly Problem[]
  /** True where the blob may declare more than `objects`: a document does not parse or is invalid. */
  readonly broken: boolean
  /** How some of the blob is encrypted: opened, it says more. */
  readonly sealed?: 'age' | 'sops'
  /** True: some of it could not be opened, and other keys may help. */
  readonly locked?: true
}
