import { hash } from 'node:crypto'

/** Our name space of machine identities: the version 5 UUID of "gitvirt.io" in RFC 9562's DNS name space. */
const machineNamespace = spaceOf(versionFive(spaceOf('6ba7b810-9dad-11d1-80b4-00c04fd430c8'), 'gitvirt.io'))

/** The UUID of a VirtualMachine that does not name one: version 5 (RFC 9562 section 5.5) of `namespace/name`. */
export function machineUid(namespace: string, name: string): string {
  return versionFive(machineNamespace, `${namespace}/${name}`)
}

function spaceOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

/** @param space the bytes of the name space's UUID */
function versionFive(space: Buffer, name: string): string {
  const hex = hash('sha1', Buffer.concat([space, Buffer.from(name)]), 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
