/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { IntOrString } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
export interface NodeNetworkConfigurationPolicy {
  apiVersion: 'nmstate.io/v1'
  kind: 'NodeNetworkConfigurationPolicy'
  metadata: ObjectMeta
  spec?: NodeNetworkConfigurationPolicySpec
  status?: {
    [k: string]: unknown
  } | null
}
/**
 * This interface was referenced by `NodeNetworkConfigurationPolicy`'s JSON-Schema
 * via the `definition` "NodeNetworkConfigurationPolicySpec".
 */
export interface NodeNetworkConfigurationPolicySpec {
  nodeSelector?: {
    [k: string]: string
  }
  capture?: {
    [k: string]: string
  }
  desiredState?: {
    [k: string]: unknown
  }
  maxUnavailable?: IntOrString
}
