import { createHash } from 'node:crypto'

/**
 * The MAC address of a NIC whose manifest gives none: of the machine's UID and the NIC's name, so that it is the same on each host and
 * after each restart. Locally administered, unicast (IEEE 802).
 */
export function derivedMac(uid: string, nic: string): string {
  const hash = createHash('sha256').update(`${uid}/${nic}`).digest('hex')
  return `02:${(hash.slice(0, 10).match(/../g) ?? []).join(':')}`
}

/** A MAC address in the form in which libvirt has it. */
export function plainMac(address: string): string {
  return address.toLowerCase().replaceAll('-', ':')
}
