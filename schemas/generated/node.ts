/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { ObjectMeta } from './meta.ts'
/**
 * A KVM host. Git declares its labels, taints and whether new guests may be placed on it; the agent reports the facts.
 */
export interface Node {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'v1'
  /**
   * What this object is.
   */
  kind: 'Node'
  metadata: ObjectMeta
  spec?: NodeSpec
  /**
   * Observed facts; written by gitvirt, ignored in Git.
   */
  status?: {
    [k: string]: unknown
  } | null
}
/**
 * This interface was referenced by `Node`'s JSON-Schema
 * via the `definition` "NodeSpec".
 */
export interface NodeSpec {
  /**
   * Marks that keep guests away unless they tolerate them.
   */
  taints?: Taint[]
  /**
   * True: the host is cordoned, no new guest is placed on it. Guests that run there stay.
   */
  unschedulable?: boolean
  /**
   * The range that Kubernetes gave to this node. gitvirt has no use for it.
   */
  podCIDR?: string
  /**
   * The ranges that Kubernetes gave to this node. gitvirt has no use for them.
   */
  podCIDRs?: string[]
  /**
   * The machine's name at its cloud provider. gitvirt has no use for it.
   */
  providerID?: string
}
/**
 * This interface was referenced by `Node`'s JSON-Schema
 * via the `definition` "Taint".
 */
export interface Taint {
  /**
   * Name of the taint, like a label's key.
   */
  key: string
  /**
   * Value that a toleration may ask for.
   */
  value?: string
  /**
   * What the taint does to a guest that does not tolerate it: NoSchedule keeps new ones away, PreferNoSchedule tries to, NoExecute moves running ones too.
   */
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  /**
   * When the taint was set, in RFC 3339. Informative.
   */
  timeAdded?: string | null
}
