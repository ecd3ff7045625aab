import { createHmac } from 'node:crypto'
import type { PlainObject } from '../../desired/types.ts'
import { canonicalJson } from '../../lib/digest.ts'

/**
 * Digest of what a Secret or ConfigMap holds: HMAC-SHA-256 (RFC 2104) with the installation's salt over its values, so that
 * equal contents have equal digests here and nobody without the salt can try out guesses.
 */
export function inputDigest(object: PlainObject, salt: string): string {
  const mac = createHmac('sha256', salt)
  mac.update(canonicalJson({ kind: object.kind, data: dataOf(object) }))
  return mac.digest('hex')
}

/** Values by data key, base64; stringData wins over data, as the API server merges them. */
function dataOf(object: PlainObject): Record<string, string> {
  const data: Record<string, string> = {}
  const encoded = object.kind === 'Secret'
  for (const [key, value] of texts(object['data'])) {
    data[key] = encoded ? Buffer.from(value, 'base64').toString('base64') : Buffer.from(value).toString('base64')
  }
  for (const [key, value] of texts(object['binaryData'])) data[key] = Buffer.from(value, 'base64').toString('base64')
  for (const [key, value] of texts(object['stringData'])) data[key] = Buffer.from(value).toString('base64')
  return data
}

function texts(value: unknown): [string, string][] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).map(([key, text]) => [key, typeof text === 'string' ? text : JSON.stringify(text)])
}
