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
  /**
   * Notes for tools and people; those of gitvirt.io change how the object is handled.
   */
  annotations?: {
    [k: string]: string
  }
  /**
   * When the object was made; written by the API server.
   */
  creationTimestamp?: string | null
  /**
   * Seconds until deletion; written by the API server.
   */
  deletionGracePeriodSeconds?: number
  /**
   * When deletion was asked for; written by the API server.
   */
  deletionTimestamp?: string | null
  /**
   * Who has to agree before the object is deleted; used by controllers.
   */
  finalizers?: string[]
  /**
   * Beginning of a generated name. Objects in Git need a fixed name.
   */
  generateName?: string
  /**
   * Count of changes to the spec; written by the API server.
   */
  generation?: number
  labels?: Labels
  /**
   * Name of the object, unique in its namespace and kind.
   */
  name?: string
  /**
   * Namespace of the object. Default: default.
   */
  namespace?: string
  /**
   * Version of the stored object; written by the API server.
   */
  resourceVersion?: string
  /**
   * Address of the object; no longer used.
   */
  selfLink?: string
  /**
   * Identity of the object; written by the API server.
   */
  uid?: string
  /**
   * Who owns which field; written by the API server.
   */
  managedFields?: {}[]
  /**
   * Objects that this one belongs to; written by controllers.
   */
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
  /**
   * API version of the owner.
   */
  apiVersion: string
  /**
   * True: the owner waits until this object is gone.
   */
  blockOwnerDeletion?: boolean
  /**
   * True: the owner controls this object.
   */
  controller?: boolean
  /**
   * Kind of the owner.
   */
  kind: string
  /**
   * Name of the owner.
   */
  name: string
  /**
   * Identity of the owner.
   */
  uid: string
}
