/** Way to a value inside one object: keys and array indexes, from the root. */
export type Pointer = readonly (string | number)[]

export type FindingCode =
  /** The API has no such field here. */
  | 'UnknownField'
  /** The value is not of the kind that the field takes. */
  | 'InvalidValue'
  /** A field that must be there is not. */
  | 'MissingField'
  /** Fields that exclude each other are both there. */
  | 'ConflictingFields'
  /** A name that must be unique is there twice. */
  | 'DuplicateName'
  /** A name points at something that this object does not declare. */
  | 'MissingReference'

/** One thing wrong in one object. */
export type SchemaFinding = {
  readonly code: FindingCode
  /** Dotted path for people: spec.template.spec.domain.devices.disks[0].disk.bus. */
  readonly field: string
  /** Where to look up the position: the unknown key itself, the wrong value, or the parent of a missing field. */
  readonly pointer: Pointer
  /** What is wrong, as a sentence. */
  readonly message: string
  /** What to do about it, as a sentence. */
  readonly action?: string
}
