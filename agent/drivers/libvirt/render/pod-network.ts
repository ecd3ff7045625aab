import { markNamespace } from '../mark.ts'
import { element, writeXml } from '../xml.ts'

/** The per-host network that stands for upstream's pod network: NAT with DHCP. */
export const podNetworkName = 'gitvirt-pod'

/** Subnets to try, in order; the first is the guest network of upstream's masquerade binding. */
export const podSubnets: readonly string[] = [
  '10.0.2.0/24',
  ...Array.from({ length: 64 }, (_, index) => `10.${96 + index}.2.0/24`),
  ...Array.from({ length: 64 }, (_, index) => `192.168.${160 + index}.0/24`),
]

/** The network's XML for a /24 subnet. */
export function renderPodNetwork(subnet: string): string {
  const prefix = subnet.slice(0, subnet.lastIndexOf('.'))
  return writeXml(
    element('network', {}, [
      element('name', {}, podNetworkName),
      element('metadata', {}, [element('gitvirt:network', { 'xmlns:gitvirt': markNamespace })]),
      element('forward', { mode: 'nat' }),
      element('bridge', { name: 'gitvirt-pod', stp: 'on', delay: 0 }),
      element('ip', { address: `${prefix}.1`, netmask: '255.255.255.0' }, [
        element('dhcp', {}, [element('range', { start: `${prefix}.2`, end: `${prefix}.254` })]),
      ]),
    ]),
  )
}

/** True where two IPv4 CIDRs share an address; a bare address is a /32. */
export function overlaps(one: string, other: string): boolean {
  const a = parse(one)
  const b = parse(other)
  if (a === undefined || b === undefined) return false
  const size = 2 ** (32 - Math.min(a.bits, b.bits))
  return Math.floor(a.address / size) === Math.floor(b.address / size)
}

function parse(cidr: string): { address: number; bits: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(cidr)
  if (match === null) return undefined
  const address = match.slice(1, 5).reduce((sum, part) => sum * 256 + Number(part), 0)
  return { address, bits: Number(match[5] ?? 32) }
}
