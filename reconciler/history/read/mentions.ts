import { kinds } from '../../../schemas/kinds.ts'
import { parseKey, type ObjectKey } from '../../lib/object-key.ts'

/** Whether a manifest's bytes can declare an object: a search without parsing. */
export type Mentions = (bytes: Buffer) => boolean

const nameByte = /[A-Za-z0-9.-]/

/** Escapes of a double-quoted scalar that can spell a letter, and the one that joins lines (YAML 1.2, section 5.7). */
const escapes = ['\\x', '\\u', '\\U', '\\\n', '\\\r'].map((text) => Buffer.from(text))

/**
 * A text can declare an object only if it holds the object's name and the word of a kind, or spells something with escapes. A volume may
 * come of a machine's template, which holds the volume's name.
 */
export function createMentions(key: ObjectKey): Mentions {
  const { kind, name } = parseKey(key)
  const wanted = Buffer.from(name)
  const words = (kind === 'DataVolume' ? [kind, 'VirtualMachine'] : kinds.some((info) => info.kind === kind) ? [kind] : []).map((word) =>
    Buffer.from(word),
  )
  return (bytes) => {
    if (holdsName(bytes, wanted) && words.some((word) => bytes.includes(word))) return true
    return escapes.some((escape) => bytes.includes(escape))
  }
}

/** True where the name stands by itself: not as a part of a longer name. */
function holdsName(bytes: Buffer, name: Buffer): boolean {
  for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at + 1)) {
    if (!isNameByte(bytes[at - 1]) && !isNameByte(bytes[at + name.length])) return true
  }
  return false
}

function isNameByte(byte: number | undefined): boolean {
  return byte !== undefined && nameByte.test(String.fromCharCode(byte))
}
