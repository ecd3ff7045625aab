import type { ConditionRecord } from '../store/object-records.ts'
import type { ObjectKey } from '../lib/object-key.ts'

export type Condition = ConditionRecord

export type OwnerReference = {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: boolean
  readonly blockOwnerDeletion: boolean
}

export type ApiMetadata = {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
}

/** One object as the API serves it. Immutable: a change makes a new one; spec is shared with the desired state. */
export type ApiObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ApiMetadata
  readonly spec?: unknown
  readonly status?: unknown
  readonly [field: string]: unknown
}

/** A condition before the writer knows since when it holds; `since` where the agent told it. */
export type ConditionDraft = {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly since?: string
}

/** What only the writer knows when it fills in a status. */
export type Filling = {
  readonly generation: number
  readonly observedGeneration: number
  readonly conditions: readonly Condition[]
  /** The moment of this pass, RFC 3339. */
  readonly now: string
  /** The object as it is served now. */
  readonly previous?: ApiObject
}

/** What an object should look like: pure, without the fields that have a history. */
export type Draft = {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** A new value is a new life: the old object goes, another of the same name comes. */
  readonly identity?: string
  readonly createdAt?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly owner?: { readonly key: ObjectKey; readonly apiVersion: string }
  readonly deleting: boolean
  readonly finalizers?: readonly string[]
  /** Of the spec; a new one raises the generation. */
  readonly specDigest: string
  /** True: hosts have all that the spec says. */
  readonly settled: boolean
  /** All but apiVersion, kind, metadata and status. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly conditions: readonly ConditionDraft[]
  readonly status?: (filling: Filling) => Readonly<Record<string, unknown>>
  /** States that events are told from. */
  readonly marks: Readonly<Record<string, string>>
}

/** The condition of a type in any object that has some. */
export function conditionOf(object: ApiObject | undefined, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type)
}

export function conditionsOf(object: ApiObject | undefined): readonly Condition[] {
  const status = object?.status
  if (status === null || typeof status !== 'object' || !('conditions' in status)) return []
  return Array.isArray(status.conditions) ? (status.conditions as readonly Condition[]) : []
}
