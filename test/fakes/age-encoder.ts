import { createCipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A second writer of age's format, from its specification (C2SP age.md), so that what is read is not what the same library wrote. */
export type AgeKey = { readonly identity: string; readonly recipient: string; readonly publicKey: KeyObject }

export function ageKey(): AgeKey {
  const scalar = randomBytes(32)
  const publicKey = createPublicKey(privateKeyOf(scalar))
  const identity = bech32('age-secret-key-', scalar).toUpperCase()
  return { identity, recipient: bech32('age', rawPublic(publicKey)), publicKey }
}

export type AgeOptions = {
  /** Further lines of the header, such as other recipients' stanzas. */
  readonly stanzas?: readonly string[]
}

/** An age file for these keys. */
export function encryptAge(text: string | Uint8Array, keys: readonly AgeKey[], { stanzas = [] }: AgeOptions = {}): Buffer {
  const fileKey = randomBytes(16)
  const head = ['age-encryption.org/v1', ...stanzas, ...keys.flatMap((key) => stanzaFor(key, fileKey)), '---'].join('\n')
  const mac = createHmac('sha256', derive(fileKey, '', 'header'))
    .update(head)
    .digest()
  const nonce = randomBytes(16)
  const key = derive(fileKey, nonce, 'payload')
  return Buffer.concat([Buffer.from(`${head} ${unpadded(mac)}\n`), nonce, ...chunks(Buffer.from(text), key)])
}

/** The armored form. */
export function armor(file: Uint8Array): string {
  const lines =
    Buffer.from(file)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN AGE ENCRYPTED FILE-----', ...lines, '-----END AGE ENCRYPTED FILE-----', ''].join('\n')
}

function stanzaFor({ publicKey }: AgeKey, fileKey: Buffer): string[] {
  const ephemeral = privateKeyOf(randomBytes(32))
  const share = rawPublic(createPublicKey(ephemeral))
  const secret = diffieHellman({ privateKey: ephemeral, publicKey })
  const wrapKey = derive(secret, Buffer.concat([share, rawPublic(publicKey)]), 'age-encryption.org/v1/X25519')
  return [`-> X25519 ${unpadded(share)}`, unpadded(seal(fileKey, wrapKey, Buffer.alloc(12)))]
}

const chunkBytes = 64 * 1024

function chunks(text: Buffer, key: Buffer): Buffer[] {
  const sealed: Buffer[] = []
  for (let at = 0, counter = 0; at === 0 || at < text.length; at += chunkBytes, counter += 1) {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(counter, 7)
    nonce[11] = at + chunkBytes >= text.length ? 1 : 0
    sealed.push(seal(text.subarray(at, at + chunkBytes), key, nonce))
  }
  return sealed
}

function seal(text: Uint8Array, key: Buffer, nonce: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
}

function derive(key: Uint8Array, salt: Uint8Array | string, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, 32))
}

/** PKCS #8 and X.509's raw forms of RFC 8410. */
function privateKeyOf(scalar: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), scalar])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32)
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** BIP 173. */
function bech32(prefix: string, bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const words = (bits.match(/.{1,5}/g) ?? []).map((word) => Number.parseInt(word.padEnd(5, '0'), 2))
  const codes = [...Buffer.from(prefix)]
  const expanded = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
  const sum = checksum([...expanded, ...words, 0, 0, 0, 0, 0, 0]) ^ 1
  const check = Array.from({ length: 6 }, (_, index) => (sum >> (5 * (5 - index))) & 31)
  return `${prefix}1${[...words, ...check].map((word) => letters[word]).join('')}`
}

function checksum(values: readonly number[]): number {
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    generators.forEach((generator, bit) => {
      if (((top >>> bit) & 1) === 1) sum ^= generator
    })
  }
  return sum
}
