/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { ObjectMeta } from './meta.ts'
/**
 * A name space for virtual machines, disks, secrets and config maps. It needs no declaration; declare one to label it.
 */
export interface Namespace {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'v1'
  /**
   * What this object is.
   */
  kind: 'Namespace'
  metadata: ObjectMeta
  spec?: NamespaceSpec
  /**
   * Observed facts; written by gitvirt, ignored in Git.
   */
  status?: {
    [k: string]: unknown
  } | null
}
/**
 * This interface was referenced by `Namespace`'s JSON-Schema
 * via the `definition` "NamespaceSpec".
 */
export interface NamespaceSpec {
  /**
   * Who has to agree before Kubernetes removes the namespace. gitvirt has no use for it.
   */
  finalizers?: string[]
}
