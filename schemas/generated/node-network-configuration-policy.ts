/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { IntOrString } from './meta.ts'
import type { Labels } from './meta.ts'
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
  nodeSelector?: Labels
  capture?: {
    [k: string]: string
  }
  desiredState?: DesiredState
  maxUnavailable?: IntOrString
}
/**
 * This interface was referenced by `NodeNetworkConfigurationPolicy`'s JSON-Schema
 * via the `definition` "DesiredState".
 */
export interface DesiredState {
  description?: string
  interfaces?: DesiredInterface[] | string
  'dns-resolver'?:
    | {
        [k: string]: unknown
      }
    | string
  routes?:
    | {
        [k: string]: unknown
      }
    | string
  'route-rules'?:
    | {
        [k: string]: unknown
      }
    | string
  hostname?:
    | {
        [k: string]: unknown
      }
    | string
  'ovs-db'?:
    | {
        [k: string]: unknown
      }
    | string
  ovn?:
    | {
        [k: string]: unknown
      }
    | string
}
/**
 * This interface was referenced by `NodeNetworkConfigurationPolicy`'s JSON-Schema
 * via the `definition` "DesiredInterface".
 */
export interface DesiredInterface {
  name: string
  'profile-name'?: string
  identifier?: 'name' | 'mac-address' | 'pci-address'
  type?: string
  state?: 'up' | 'down' | 'absent' | 'ignore'
  description?: string
  'mac-address'?: string
  'copy-mac-from'?: string
  mtu?: number | string
  controller?: string
  'wait-ip'?: string
  'accept-all-mac-addresses'?: boolean
  ipv4?:
    | {
        [k: string]: unknown
      }
    | string
  ipv6?:
    | {
        [k: string]: unknown
      }
    | string
  'link-aggregation'?:
    | {
        [k: string]: unknown
      }
    | string
  bridge?:
    | {
        [k: string]: unknown
      }
    | string
  vlan?:
    | {
        [k: string]: unknown
      }
    | string
  vxlan?:
    | {
        [k: string]: unknown
      }
    | string
  veth?:
    | {
        [k: string]: unknown
      }
    | string
  vrf?:
    | {
        [k: string]: unknown
      }
    | string
  ethtool?:
    | {
        [k: string]: unknown
      }
    | string
  ethernet?:
    | {
        [k: string]: unknown
      }
    | string
  lldp?:
    | {
        [k: string]: unknown
      }
    | string
  '802.1x'?:
    | {
        [k: string]: unknown
      }
    | string
  macvlan?:
    | {
        [k: string]: unknown
      }
    | string
  macvtap?:
    | {
        [k: string]: unknown
      }
    | string
  infiniband?:
    | {
        [k: string]: unknown
      }
    | string
  mptcp?:
    | {
        [k: string]: unknown
      }
    | string
  hsr?:
    | {
        [k: string]: unknown
      }
    | string
  ipvlan?:
    | {
        [k: string]: unknown
      }
    | string
  patch?:
    | {
        [k: string]: unknown
      }
    | string
  dispatch?:
    | {
        [k: string]: unknown
      }
    | string
  libreswan?:
    | {
        [k: string]: unknown
      }
    | string
  macsec?:
    | {
        [k: string]: unknown
      }
    | string
  [k: string]: unknown
}
