import { hash } from 'node:crypto'

/** Our name space of machine identities: the version 5 UUID of "gitvirt.io" in RFC 9562's DNS name space. */
const machineNamespace = versionFive(Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex'), 'gitvirt.io')

/** The UUID of a VirtualMachine that does not name one: version 5 (RFC 9562 section 5.5) of `namespace/name`. */
export function machineUid(namespace: string, name: string): string {
  return formatUuid(versionFive(machineNamespace, `${namespace}/${name}`))
}

function versionFive(space: Buffer, name: string): Buffer {
  const bytes = hash('sha1', Buffer.concat([space, Buffer.from(name)]), 'buffer').subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
