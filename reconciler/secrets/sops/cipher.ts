import { createDecipheriv } from 'node:crypto'
import { GitvirtError } from '../../lib/errors.ts'
import type { Scalar } from './scalars.ts'

const cipherText = /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$/
/** AES-GCM's own tag length; a shorter one would be easier to forge. */
const tagBytes = 16
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** True for a value that SOPS encrypted. */
export function isEncrypted(text: string): boolean {
  return text.startsWith('ENC[AES256_GCM,')
}

/**
 * Opens one value: AES-256-GCM, authenticated together with the place where it stands.
 * Source: SOPS' aes/cipher.go.
 * @param where the value's place, for messages
 * @throws GitvirtError `EncryptedValueAltered`
 */
export function openValue(text: string, key: Uint8Array, { bound, where }: { readonly bound: string; readonly where: string }): Scalar {
  const [, data = '', iv = '', tag = '', type = ''] = cipherText.exec(text) ?? []
  const bytes = type === '' ? undefined : decrypt({ data, iv, tag, bound }, key)
  if (bytes === undefined) throw altered(where)
  return typed(type, bytes, where)
}

type Sealed = { readonly data: string; readonly iv: string; readonly tag: string; readonly bound: string }

function decrypt({ data, iv, tag, bound }: Sealed, key: Uint8Array): Buffer | undefined {
  const mark = Buffer.from(tag, 'base64')
  const nonce = Buffer.from(iv, 'base64')
  if (mark.length !== tagBytes || nonce.length === 0) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(bound))
  decipher.setAuthTag(mark)
  try {
    return Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()])
  } catch {
    return undefined
  }
}

function typed(type: string, bytes: Buffer, where: string): Scalar {
  const text = decodeText(bytes, where)
  switch (type) {
    case 'str':
    case 'bytes':
    case 'time':
      return { value: text, text }
    case 'int':
    case 'float':
      return { value: Number(text), text }
    case 'bool':
      return /^true$/i.test(text) ? { value: true, text: 'True' } : { value: false, text: 'False' }
    default:
      throw new GitvirtError({
        code: 'UnsupportedEncryption',
        message: `${where} is of SOPS' type "${type.slice(0, 20)}", which no manifest can hold.`,
        action: 'Encrypt the file anew.',
      })
  }
}

function decodeText(bytes: Buffer, where: string): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new GitvirtError({
      code: 'UnsupportedEncryption',
      message: `What is encrypted in ${where} is not text.`,
      action: 'Put it into data, as base64.',
    })
  }
}

function altered(where: string): GitvirtError {
  return new GitvirtError({
    code: 'EncryptedValueAltered',
    message: `${where} does not open with the file's data key: it was altered, cut short, or moved from another place.`,
    action: 'Bring the file back as sops wrote it; edit it with "sops edit" only.',
  })
}
