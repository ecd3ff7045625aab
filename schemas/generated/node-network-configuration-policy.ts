/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { IntOrString } from './meta.ts'
import type { Labels } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
/**
 * Network configuration of hosts, applied with nmstate to every host that the selector matches.
 */
export interface NodeNetworkConfigurationPolicy {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'nmstate.io/v1'
  /**
   * What this object is.
   */
  kind: 'NodeNetworkConfigurationPolicy'
  metadata: ObjectMeta
  spec?: NodeNetworkConfigurationPolicySpec
  /**
   * What was observed of the policy; written by gitvirt, not read from Git.
   */
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
  /**
   * Named expressions (nmpolicy) that take parts of the host's current state for use in desiredState.
   */
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
  /**
   * A note; nmstate does not act on it.
   */
  description?: string
  /**
   * Network interfaces: bonds, VLANs, bridges, addresses.
   */
  interfaces?: DesiredInterface[] | string
  /**
   * Name servers and search domains of the host.
   */
  'dns-resolver'?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Static routes.
   */
  routes?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Rules that choose routing tables.
   */
  'route-rules'?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Host name of the host.
   */
  hostname?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Global settings of Open vSwitch.
   */
  'ovs-db'?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Mappings of OVN bridges.
   */
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
  /**
   * Name of the interface on the host.
   */
  name: string
  /**
   * Name of the NetworkManager profile.
   */
  'profile-name'?: string
  /**
   * How the interface is found on the host: by name, MAC address or PCI address.
   */
  identifier?: 'name' | 'mac-address' | 'pci-address'
  /**
   * Kind of interface, such as ethernet, bond, vlan or linux-bridge.
   */
  type?: string
  /**
   * up, down, absent to delete it, or ignore to leave it alone.
   */
  state?: 'up' | 'down' | 'absent' | 'ignore'
  /**
   * A note on the interface.
   */
  description?: string
  /**
   * MAC address of the interface.
   */
  'mac-address'?: string
  /**
   * Interface whose MAC address is taken over.
   */
  'copy-mac-from'?: string
  /**
   * Largest packet in bytes.
   */
  mtu?: number | string
  /**
   * Bond or bridge that the interface belongs to.
   */
  controller?: string
  /**
   * Which address has to be there before the interface counts as up.
   */
  'wait-ip'?: string
  /**
   * True: the interface takes packets for every address (promiscuous mode).
   */
  'accept-all-mac-addresses'?: boolean
  /**
   * IPv4 addresses, static or by DHCP.
   */
  ipv4?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * IPv6 addresses, static, by DHCP or by autoconfiguration.
   */
  ipv6?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Bond: mode, options and ports.
   */
  'link-aggregation'?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Bridge: options and ports.
   */
  bridge?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * VLAN: id and the interface below.
   */
  vlan?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * VXLAN: id, remote and the interface below.
   */
  vxlan?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Virtual cable: the name of its other end.
   */
  veth?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Routing domain: table and ports.
   */
  vrf?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Offloads, ring sizes and other driver settings.
   */
  ethtool?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Speed, duplex, auto-negotiation and SR-IOV functions.
   */
  ethernet?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Discovery of neighbours.
   */
  lldp?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Authentication at the switch port.
   */
  '802.1x'?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * MACVLAN: mode and the interface below.
   */
  macvlan?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * MACVTAP: mode and the interface below.
   */
  macvtap?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * IP over InfiniBand.
   */
  infiniband?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Multipath TCP.
   */
  mptcp?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * High-availability seamless redundancy: ports and protocol.
   */
  hsr?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * IPVLAN: mode and the interface below.
   */
  ipvlan?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Open vSwitch patch port: its peer.
   */
  patch?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Scripts that run when the interface changes.
   */
  dispatch?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * IPsec tunnel by Libreswan.
   */
  libreswan?:
    | {
        [k: string]: unknown
      }
    | string
  /**
   * Link encryption.
   */
  macsec?:
    | {
        [k: string]: unknown
      }
    | string
  [k: string]: unknown
}
