import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shareForKernel } from '../../../../../agent/drivers/nmstate/kernel-limits.ts'

const paths = (limits: readonly string[]): string[] => limits.map((limit) => limit.slice(0, limit.indexOf(': ')))

describe('shareForKernel', () => {
  it('does all of a plain bridge, and tells only that it does not outlive a reboot', () => {
    const desired = {
      interfaces: [
        {
          name: 'br1',
          type: 'linux-bridge',
          state: 'up',
          mtu: 1400,
          ipv4: { enabled: true, dhcp: false, address: [{ ip: '192.0.2.1', 'prefix-length': 24 }] },
          bridge: { options: { stp: { enabled: false } }, port: [{ name: 'eth1', 'stp-priority': 32 }] },
        },
      ],
    }
    const share = shareForKernel(desired)
    assert.deepEqual(paths(share.limits), ['persistence'])
    assert.deepEqual(share.refusals, [])
    const { dhcp: _, ...ipv4 } = desired.interfaces[0]?.ipv4 ?? { dhcp: false }
    assert.deepEqual(share.state, { interfaces: [{ ...desired.interfaces[0], ipv4 }] })
  })

  it('tells each thing that is left undone by its path, and leaves it out of what drift is looked for in', () => {
    const desired = {
      interfaces: [
        {
          name: 'br1',
          type: 'linux-bridge',
          description: 'uplink',
          lldp: { enabled: true },
          ipv4: { enabled: true, dhcp: true, 'auto-dns': false },
          ipv6: { enabled: true, autoconf: true },
          bridge: {
            options: { 'vlan-protocol': '802.1q', stp: { 'hello-time': 2, odd: 1 } },
            port: [{ name: 'eth1', vlan: { mode: 'trunk' } }],
          },
        },
        {
          name: 'bond0',
          type: 'bond',
          'link-aggregation': { mode: '802.3ad', 'ports-config': [], options: { lacp_rate: 'fast', odd: 1 } },
        },
        { name: 'v1', type: 'vlan', vlan: { id: 1, 'base-iface': 'eth1', protocol: '802.1ad' } },
      ],
      'dns-resolver': { config: { server: ['192.0.2.53'] } },
      'route-rules': { config: [{ 'ip-from': '192.0.2.0/24' }] },
      routes: { config: [{ destination: '0.0.0.0/0', weight: 2 }, { destination: '198.51.100.0/24' }] },
      hostname: { running: 'x' },
      ovn: {},
    }
    const share = shareForKernel(desired)
    assert.deepEqual(paths(share.limits), [
      'interfaces[br1].description',
      'interfaces[br1].lldp',
      'interfaces[br1].ipv4.dhcp',
      'interfaces[br1].ipv6.autoconf',
      'interfaces[br1].bridge.options.vlan-protocol',
      'interfaces[br1].bridge.options.stp.odd',
      'interfaces[br1].bridge.port[eth1].vlan',
      'interfaces[bond0].link-aggregation.options.odd',
      'interfaces[bond0].link-aggregation.ports-config',
      'interfaces[v1].vlan.protocol',
      'routes.config[0.0.0.0/0]',
      'dns-resolver',
      'route-rules',
      'hostname',
      'persistence',
    ])
    assert.deepEqual(share.state, {
      interfaces: [
        { name: 'br1', type: 'linux-bridge', bridge: { options: { stp: { 'hello-time': 2 } }, port: [{ name: 'eth1' }] } },
        { name: 'bond0', type: 'bond', 'link-aggregation': { mode: '802.3ad', options: { lacp_rate: 'fast' } } },
        { name: 'v1', type: 'vlan', vlan: { id: 1, 'base-iface': 'eth1' } },
      ],
      routes: { config: [{ destination: '198.51.100.0/24' }] },
    })
  })

  it('keeps the static addresses that stand beside DHCP', () => {
    const ipv4 = { enabled: true, dhcp: true, address: [{ ip: '192.0.2.1', 'prefix-length': 24 }] }
    const share = shareForKernel({ interfaces: [{ name: 'eth1', ipv4 }] })
    assert.deepEqual(share.state, { interfaces: [{ name: 'eth1', ipv4: { enabled: true, address: ipv4.address } }] })
  })

  it('refuses interface types that it cannot make, but not their removal', () => {
    const refusals = shareForKernel({
      interfaces: [
        { name: 'ovs0', type: 'ovs-bridge' },
        { name: 'vx0', type: 'vxlan', state: 'absent' },
      ],
    }).refusals
    assert.deepEqual(refusals, ['interfaces[ovs0].type: kernel mode cannot make a "ovs-bridge" interface'])
  })

  it('tells nothing of an empty state', () => {
    assert.deepEqual(shareForKernel({}).limits, [])
  })
})
