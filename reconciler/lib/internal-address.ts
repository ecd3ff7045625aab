import { lookup as resolve, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Special-purpose addresses of networks that are nobody else's business. Source: IANA's special-purpose registries, RFC 6890. */
const refused = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  refused.addSubnet(net, bits, 'ipv4')
}
for (const [net, bits] of [
  ['::', 128],
  ['::1', 128],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  refused.addSubnet(net, bits, 'ipv6')
}

/** True for loopback, link-local, private, unspecified, multicast and translated addresses, IPv4-mapped ones included. */
export function isInternalAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  const family = isIP(plain)
  return family === 0 || refused.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * A name look-up for the connection itself: the address that was checked is the address that is connected to,
 * so a name that changes its answer in between gains nothing.
 * @param refuse makes the error for a host with such an address, or with none
 */
export function guardedLookup(allowed: boolean, refuse: (host: string, address: string) => Error): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '')
        return
      }
      const bad = allowed ? undefined : addresses.find((one) => isInternalAddress(one.address))
      const first = addresses[0]
      if (bad !== undefined || first === undefined) callback(refuse(hostname, bad?.address ?? 'no address'), '')
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}
