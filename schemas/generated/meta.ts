/* Generated from schemas/ by `npm run generate`. Do not edit. */
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "LabelValue".
 */
export type LabelValue = string
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "Quantity".
 */
export type Quantity = string | number
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "IntOrString".
 */
export type IntOrString = string | number
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "Duration".
 */
export type Duration = string
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "Base64".
 */
export type Base64 = string

/**
 * Definitions that every kind shares.
 */
export interface Meta {
  [k: string]: unknown
}
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "ObjectMeta".
 */
export interface ObjectMeta {
  annotations?: {
    [k: string]: string
  }
  creationTimestamp?: string | null
  deletionGracePeriodSeconds?: number
  deletionTimestamp?: string | null
  finalizers?: string[]
  generateName?: string
  generation?: number
  labels?: Labels
  name?: string
  namespace?: string
  resourceVersion?: string
  selfLink?: string
  uid?: string
  managedFields?: {}[]
  ownerReferences?: OwnerReference[]
}
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "Labels".
 */
export interface Labels {
  [k: string]: LabelValue
}
/**
 * This interface was referenced by `Meta`'s JSON-Schema
 * via the `definition` "OwnerReference".
 */
export interface OwnerReference {
  apiVersion: string
  blockOwnerDeletion?: boolean
  controller?: boolean
  kind: string
  name: string
  uid: string
}
