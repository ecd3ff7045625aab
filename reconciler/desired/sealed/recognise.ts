import { isObject } from '../convert/json.ts'
import type { JsonObject } from '../convert/json.ts'

/** First lines of age's formats. Source: age's specification, "Encrypted file format" and "ASCII armor" (C2SP age.md). */
const ageStarts = ['age-encryption.org/v1\n', '-----BEGIN AGE ENCRYPTED FILE-----'].map((text) => Buffer.from(text))

/** Field of a document that SOPS encrypted, with its metadata. */
export const sopsField = 'sops'

/** True for a file that is encrypted as a whole with age. */
export function isAgeFile(bytes: Uint8Array): boolean {
  return ageStarts.some((start) => startsWith(bytes, start))
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  for (let index = 0; index < start.length; index += 1) if (bytes[index] !== start[index]) return false
  return true
}

/** True for a document with SOPS' metadata. */
export function isSopsDocument(value: unknown): value is JsonObject {
  return isObject(value) && value[sopsField] !== undefined && isObject(value[sopsField])
}

/** Kinds whose contents go to the hosts only; of all others plans show every field. */
export function isSealable(kind: string): boolean {
  return kind === 'Secret' || kind === 'ConfigMap'
}

/** The fault of an encrypted object of any other kind. */
export function encryptedKind(kind: string): { readonly severity: 'error' } & Record<'code' | 'message' | 'action', string> {
  return {
    severity: 'error',
    code: 'EncryptedKind',
    message: `A ${kind} must not be encrypted: plans and people must be able to read it.`,
    action: 'Put what is secret into a Secret of its own and encrypt that.',
  }
}

/** True for a value that SOPS encrypted. Source: SOPS' README, "Encryption protocol". */
export function isCipherText(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('ENC[AES256_GCM,')
}
