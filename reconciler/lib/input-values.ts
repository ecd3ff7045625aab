import { createHmac } from 'node:crypto'
import { canonicalJson } from './digest.ts'

/** A Secret or ConfigMap, as far as its data goes. */
export type InputObject = { readonly kind: string; readonly [field: string]: unknown }

/** Values by data key, base64; stringData wins over data, as the API server merges them. */
export function inputValues(object: InputObject): Record<string, string> {
  const data: [string, string][] = []
  const encoded = object.kind === 'Secret'
  for (const [key, value] of texts(object['data'])) data.push([key, encoded ? canonicalBase64(value) : base64(value)])
  for (const [key, value] of texts(object['binaryData'])) data.push([key, canonicalBase64(value)])
  for (const [key, value] of texts(object['stringData'])) data.push([key, base64(value)])
  // Unlike assignments, this takes a key named __proto__ for a key.
  return Object.fromEntries(data)
}

/**
 * Digest of what a Secret or ConfigMap holds: HMAC-SHA-256 (RFC 2104) with the installation's salt over its values, so that
 * equal contents have equal digests here and nobody without the salt can try out guesses.
 */
export function inputDigest(object: InputObject, salt: string): string {
  const mac = createHmac('sha256', salt)
  mac.update(canonicalJson({ kind: object.kind, data: inputValues(object) }))
  return mac.digest('hex')
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function canonicalBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('base64')
}

function texts(value: unknown): [string, string][] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).map(([key, text]) => [key, typeof text === 'string' ? text : JSON.stringify(text)])
}
