import { hash } from 'node:crypto'

/** Our name space of machine identities: the version 5 UUID of "gitvirt.io" in RFC 9562's DNS name space. */
const machineNamespace = versionFive('6ba7b8109dad11d180b400c04fd430c8', 'gitvirt.io').replaceAll('-', '')

/** The UUID of a VirtualMachine that does not name one: version 5 (RFC 9562 section 5.5) of `namespace/name`. */
export function machineUid(namespace: string, name: string): string {
  return versionFive(machineNamespace, `${namespace}/${name}`)
}

/** @param space the name space's UUID, in hex digits */
function versionFive(space: string, name: string): string {
  const bytes = Buffer.allocUnsafe(16 + Buffer.byteLength(name))
  bytes.write(space, 'hex')
  bytes.write(name, 16)
  const hex = hash('sha1', bytes, 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
