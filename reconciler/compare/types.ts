import type { FleetSpec } from '../../schemas/generated/fleet.ts'
import type { ManifestError } from '../desired/types.ts'
import type { ObjectKey } from '../lib/object-key.ts'

/** A parsed object of a manifest. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Where in a side an object stands; the path is relative to the environment's folder. Line 0: it stands in no file. */
export type Place = { readonly path: string; readonly line: number; readonly column: number }

/** One object of a side, without its body: two objects of one digest are equal. */
export type IndexedObject = Place & {
  readonly key: ObjectKey
  readonly digest: string
  /** Git blob that holds it. */
  readonly blob?: string
  /** The VirtualMachine whose dataVolumeTemplates made it. */
  readonly ownerKey?: ObjectKey
}

/** What one side holds. JSON data, so that it can be kept from run to run. */
export type SideIndex = {
  readonly objects: readonly IndexedObject[]
  /** Objects that are declared but broken: what they say is unknown. */
  readonly unknownKeys: readonly ObjectKey[]
  /** Files that may declare anything: they do not parse, or were passed over. */
  readonly untold: readonly string[]
  /** Why keys and files are unknown. */
  readonly errors: readonly ManifestError[]
  /** False: this side knows only what runs on hosts, see `isLiveKind`. */
  readonly declared: boolean
}

/** What the Fleet of the first side says about comparisons. */
export type ComparisonPolicy = NonNullable<FleetSpec['environments']>

/** What is known of an object on one side. */
export type Presence = 'there' | 'absent' | 'unknown'

/** One object of the first side and what stands for it on the second. */
export type Match = {
  /** The key on the first side; what only the second side has is named as there. */
  readonly key: ObjectKey
  /** The key on the second side, where a rename makes it another one. */
  readonly otherKey: ObjectKey
  readonly base: Presence
  readonly other: Presence
  readonly baseObject?: IndexedObject
  readonly otherObject?: IndexedObject
}

/** One field in which two objects differ; a side that does not have it is absent. */
export type FieldDifference = {
  /** Dotted path, list entries by name in brackets. */
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
  /** Why the Fleet allows it. */
  readonly allowed?: string
}

export type ObjectDifference = {
  readonly key: ObjectKey
  /** Its key on the second side, where that is another one. */
  readonly otherKey?: ObjectKey
  /** From the first side to the second: `added` is only on the second, `removed` only on the first. */
  readonly change: 'added' | 'removed' | 'changed' | 'unknown'
  readonly base?: Place
  readonly other?: Place
  readonly fields: readonly FieldDifference[]
  /** Why the Fleet allows that it is on one side only. */
  readonly allowed?: string
  /** On which side nobody can tell what it is. */
  readonly unknownOn?: 'base' | 'other' | 'both'
}

/** An error of one side. */
export type SideError = { readonly side: 'base' | 'other'; readonly error: ManifestError }

/** How two sides differ. Values are what the maker put in: masked ones wherever people or files see them. */
export type Comparison = {
  /** What the sides are called. */
  readonly base: string
  readonly other: string
  readonly objects: readonly ObjectDifference[]
  readonly errors: readonly SideError[]
  readonly summary: ComparisonSummary
}

export type ComparisonSummary = {
  readonly equal: number
  readonly added: number
  readonly removed: number
  readonly changed: number
  readonly unknown: number
  /** Objects that differ only as the Fleet allows; they are in none of the other numbers. */
  readonly allowed: number
}
