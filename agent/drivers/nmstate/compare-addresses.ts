import { SocketAddress } from 'node:net'
import { asList, asObject, valueAt } from './network-state.ts'

type Report = (path: string, expected: unknown, actual: unknown) => void

/**
 * Compares [desired, current] of `ipv4` or `ipv6`. Addresses that DHCP, router advertisements or the kernel gave are left out.
 * Source: nmstate's InterfaceIpAddr (`valid-life-time` marks dynamic ones, `protocol` who gave them).
 */
export function compareAddresses(path: string, [wantedValue, currentValue]: readonly [unknown, unknown], report: Report): void {
  const wanted = asObject(wantedValue)
  if (wanted === undefined) return
  const current = asObject(currentValue) ?? {}
  const actual = asList(current['address']).filter((entry) => isStatic(entry))
  if (wanted['enabled'] === false) {
    if (actual.length > 0) report(`${path}.enabled`, false, text(actual))
    return
  }
  for (const key of ['dhcp', 'autoconf', 'auto-dns', 'auto-gateway', 'auto-routes', 'auto-route-table-id']) {
    if (typeof wanted[key] === 'boolean' && typeof current[key] === 'boolean' && wanted[key] !== current[key]) {
      report(`${path}.${key}`, wanted[key], current[key])
    }
  }
  if (!Array.isArray(wanted['address'])) return
  const [expected, found] = [text(wanted['address'].filter((entry) => isStatic(entry))), text(actual)]
  if (expected !== found) report(`${path}.address`, expected, found)
}

function isStatic(entry: unknown): boolean {
  const life = valueAt(entry, 'valid-life-time')
  const protocol = valueAt(entry, 'protocol')
  return (life === undefined || life === 'forever') && protocol === undefined && !isLinkLocal(String(valueAt(entry, 'ip')))
}

function isLinkLocal(ip: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(ip)
}

function text(addresses: readonly unknown[]): string {
  const all = addresses.map((entry) => `${canonical(String(valueAt(entry, 'ip')))}/${String(valueAt(entry, 'prefix-length'))}`)
  return [...new Set(all)].sort().join(' ')
}

/** The shortest form of an address (RFC 5952), so that 2001:DB8:0::1 equals 2001:db8::1. */
function canonical(ip: string): string {
  try {
    return new SocketAddress({ address: ip, family: ip.includes(':') ? 'ipv6' : 'ipv4' }).address
  } catch {
    return ip.toLowerCase()
  }
}
