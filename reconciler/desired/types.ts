import type { DataVolume } from '../../schemas/generated/data-volume.ts'
import type { Fleet } from '../../schemas/generated/fleet.ts'
import type { NodeNetworkConfigurationPolicy } from '../../schemas/generated/node-network-configuration-policy.ts'
import type { Origin } from '../../schemas/generated/plan.ts'
import type { VirtualMachine } from '../../schemas/generated/virtual-machine.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { SealedContents } from './sealed/contents.ts'

/** Something wrong in a file: always with its place, never fatal for other files. */
export type ManifestError = {
  readonly severity: 'error' | 'warning'
  /** Stable: YamlSyntax, UnknownField, InvalidValue, UnknownKind, UnsupportedKind, UnsupportedField, DuplicateObject, MissingReference, TooLarge … */
  readonly code: string
  readonly message: string
  readonly path: string
  readonly line: number
  readonly column: number
  /** Key of the object, where it can be told. */
  readonly object?: ObjectKey
  /** Dotted field path, where one field is to blame. */
  readonly field?: string
  /** Key of another object that the fault is about. */
  readonly refersTo?: ObjectKey
  /** What to do; for an unknown field the nearest name. */
  readonly action?: string
  /** The folder below which all is unknown because of this; empty for the whole repository. */
  readonly covers?: string
}

/** Kinds that only carry data for others. */
export type PlainObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly [field: string]: unknown
}

type Common = {
  readonly key: ObjectKey
  readonly origin: Origin
  /** sha256 of the object after conversion, defaults and expansion. */
  readonly digest: string
  /** The VirtualMachine whose dataVolumeTemplates made this object. */
  readonly ownerKey?: ObjectKey
  /** Keys of the objects that this one refers to: volumes, secrets, config maps, storage class. */
  readonly references: readonly ObjectKey[]
  /** What was renamed to reach the newest version, in words; a policy's go into PolicySpec.translated. */
  readonly notes?: readonly string[]
  /** Every field is carried out here; where it is not said, it is to be found out. */
  readonly honoured?: true
  /** Of an encrypted Secret or ConfigMap: `object` has cipher text, or nothing, where its values would be. */
  readonly sealed?: SealedContents
}

/** One object of the desired state: converted to the newest version, defaulted, expanded. Treat as immutable; reading `object` may cost something. */
export type DesiredObject =
  | (Common & { readonly kind: 'VirtualMachine'; readonly object: VirtualMachine })
  | (Common & { readonly kind: 'DataVolume'; readonly object: DataVolume })
  | (Common & { readonly kind: 'NodeNetworkConfigurationPolicy'; readonly object: NodeNetworkConfigurationPolicy })
  | (Common & { readonly kind: 'Fleet'; readonly object: Fleet })
  | (Common & { readonly kind: 'Namespace' | 'Node' | 'StorageClass' | 'ConfigMap' | 'Secret'; readonly object: PlainObject })

/** The desired state of one revision: a read-only view that costs nothing to hand around. */
export type DesiredView = {
  readonly revision: string
  /** True where there are several sources: what one declares may have been applied from another. */
  readonly severalSources?: boolean
  get(key: ObjectKey): DesiredObject | undefined
  keys(): Iterable<ObjectKey>
  /** Keys of one kind. */
  keysOf(kind: DesiredObject['kind']): Iterable<ObjectKey>
  /** Objects that refer to this key. */
  dependents(key: ObjectKey): Iterable<ObjectKey>
  /** True for a file that is there but does not parse or validate, and below a refused path: its objects are unknown, not deleted. */
  isUnknownPath(path: string): boolean
  /** Files that do not parse or validate, and refused paths. */
  unknownPaths(): Iterable<string>
  /** True where this object's own document is broken, so that what Git wants of it is unknown. */
  isUnknownKey(key: ObjectKey): boolean
  errors(): readonly ManifestError[]
}

/** What one revision changed against the one before. */
export type DesiredUpdate = { readonly view: DesiredView; readonly changed: ReadonlySet<ObjectKey> }

/** A file of the listing: path relative to the repository root, Git blob id, bytes where known. */
export type TreeEntry = { readonly path: string; readonly id: string; readonly size?: number }

/** A path whose blob differs from the revision before; absent ids mean added or removed. */
export type TreeEdit = { readonly path: string; readonly before?: string; readonly after?: string }

/** A file that the source passed over: it is there, but what it holds is unknown, as is all below it. */
export type RefusedFile = {
  readonly path: string
  readonly code: string
  readonly message: string
  /** What to tell in place of code and message, where other places are to blame. */
  readonly errors?: readonly ManifestError[]
}

/** How a text came about that stands in no file as it is, and where its lines belong. */
export type MadeFrom = {
  /** The file that it was made by, from the repository's root. */
  readonly by: string
  /** Rising: from line `from` of the text on, all stands at this place of the file. */
  readonly places: readonly { readonly from: number; readonly line: number; readonly column: number }[]
  /** Of single fields of what begins at line `from`, where the file has them itself, or a patch is known that says them. */
  readonly fields: readonly MadeField[]
}

export type MadeField = {
  readonly from: number
  readonly field: string
  readonly line: number
  readonly column: number
  readonly patch?: { readonly path: string; readonly line: number }
}

/** A blob's content, or how many bytes it would have where that is too much to read. */
export type BlobContent = { readonly id: string } & (
  | { readonly bytes: Uint8Array; readonly size?: undefined; readonly made?: MadeFrom }
  | { readonly bytes?: undefined; readonly size: number; readonly made?: undefined }
)

/** Contents by blob id, in any order; an id may be left out where the blob is gone. */
export type ReadBlobs = (ids: readonly string[]) => AsyncIterable<BlobContent>

/** What one revision holds: either everything (`entries`) or what differs from the revision before (`changes`). */
export type UpdateInput = {
  readonly revision: string
  readonly read: ReadBlobs
  /** With `entries` all refused files, with `changes` those among the changed ones. */
  readonly refused?: readonly RefusedFile[]
  /** Of several sources: the root of the one that is told of here (`rootOf`); files of the others stay. Default: there is one only. */
  readonly source?: string
  /** True where the source is read for the first time: an object that another one has as well is refused for both, but for what was kept from before. */
  readonly ownersUnknown?: boolean
} & (
  | { readonly entries: readonly TreeEntry[]; readonly changes?: undefined }
  | { readonly changes: readonly TreeEdit[]; readonly entries?: undefined }
)

/** Keeps the desired state from revision to revision. */
export type DesiredEngine = {
  /**
   * Takes one revision over. Calls must not overlap. Nothing changes when it throws.
   * @throws GitvirtError `FirstUpdateNeedsEntries`, and whatever `read` throws
   */
  update(input: UpdateInput): Promise<DesiredUpdate>
  /**
   * Tries again to open what could not be opened, where keys came or went; undefined where nothing is to be tried.
   * @param source of several sources: the root of the one that `read` reads
   * @throws whatever `read` throws
   */
  reopen(read: ReadBlobs, source?: string): Promise<DesiredUpdate | undefined>
  /** The view of the last update; undefined before the first. */
  view(): DesiredView | undefined
}
