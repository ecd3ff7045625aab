import { isObject } from '../convert/json.ts'
import type { JsonObject } from '../convert/json.ts'

/** First lines of age's formats. Source: age's specification, "Encrypted file format" and "ASCII armor" (C2SP age.md). */
const ageStarts = ['age-encryption.org/v1\n', '-----BEGIN AGE ENCRYPTED FILE-----'].map((text) => Buffer.from(text))

/** Field of a document that SOPS encrypted, with its metadata. */
export const sopsField = 'sops'

/** True for a file that is encrypted as a whole with age. */
export function isAgeFile(bytes: Uint8Array): boolean {
  return (
    (bytes[0] === 0x61 || bytes[0] === 0x2d) && ageStarts.some((start) => Buffer.compare(start, bytes.subarray(0, start.byteLength)) === 0)
  )
}

/** True for a document with SOPS' metadata. */
export function isSopsDocument(value: unknown): value is JsonObject {
  return isObject(value) && value[sopsField] !== undefined && isObject(value[sopsField])
}

/** True for a value that SOPS encrypted. Source: SOPS' README, "Encryption protocol". */
export function isCipherText(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('ENC[AES256_GCM,')
}
