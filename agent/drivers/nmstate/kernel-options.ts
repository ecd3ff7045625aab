/** One option of ip-link(8) that stands for one of nmstate's. */
export type KernelOption = {
  readonly name: string
  /** ip(8) counts times in hundredths of a second where nmstate counts seconds. */
  readonly scale?: 100
  /** Takes on and off instead of 1 and 0. */
  readonly onOff?: true
}

/** nmstate `bridge.options` (dotted) to `ip link set … type bridge`. Source: ip-link(8), nmstate's LinuxBridgeOptions. */
export const bridgeOptions: Readonly<Record<string, KernelOption>> = {
  'stp.enabled': { name: 'stp_state' },
  'stp.forward-delay': { name: 'forward_delay', scale: 100 },
  'stp.hello-time': { name: 'hello_time', scale: 100 },
  'stp.max-age': { name: 'max_age', scale: 100 },
  'stp.priority': { name: 'priority' },
  'mac-ageing-time': { name: 'ageing_time', scale: 100 },
  'group-forward-mask': { name: 'group_fwd_mask' },
  'group-fwd-mask': { name: 'group_fwd_mask' },
  'multicast-snooping': { name: 'mcast_snooping' },
  'multicast-querier': { name: 'mcast_querier' },
}

/** nmstate `bridge.port[]` to `ip link set … type bridge_slave`. nmstate's priority is the kernel's, 0 to 63. */
export const bridgePortOptions: Readonly<Record<string, KernelOption>> = {
  'stp-hairpin-mode': { name: 'hairpin', onOff: true },
  'stp-path-cost': { name: 'cost' },
  'stp-priority': { name: 'priority' },
}

/** `link-aggregation.options`: nmstate and ip(8) share the kernel's names. Source: the kernel's bonding.rst. */
export const bondOptions: ReadonlySet<string> = new Set([
  'miimon',
  'updelay',
  'downdelay',
  'use_carrier',
  'arp_interval',
  'arp_validate',
  'arp_all_targets',
  'arp_ip_target',
  'primary',
  'primary_reselect',
  'fail_over_mac',
  'xmit_hash_policy',
  'resend_igmp',
  'num_grat_arp',
  'num_unsol_na',
  'all_slaves_active',
  'min_links',
  'lp_interval',
  'packets_per_slave',
  'tlb_dynamic_lb',
  'lacp_rate',
  'ad_select',
  'ad_user_port_key',
  'ad_actor_sys_prio',
  'ad_actor_system',
])
