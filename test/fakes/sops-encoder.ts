import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { stringify } from 'yaml'
import { armor, encryptAge, type AgeKey } from './age-encoder.ts'

/** A second writer of SOPS' format, from its README and its reader, so that what is read is not what the same code wrote. */
export type SopsOptions = {
  readonly keys: readonly AgeKey[]
  /** Which top-level fields are encrypted; default those of Secrets that hold values. */
  readonly fields?: (field: string) => boolean
  readonly macOnlyEncrypted?: boolean
  /** Further metadata, such as other holders of the key. */
  readonly metadata?: Record<string, unknown>
  /** Default: one of its own. */
  readonly dataKey?: Buffer
}

const lastmodified = '2026-01-02T03:04:05Z'
export const valueFields = (field: string): boolean => ['data', 'stringData', 'binaryData'].includes(field)

type Encoding = { readonly key: Buffer; readonly hash: Hash; readonly fields: (field: string) => boolean; readonly onlyEncrypted: boolean }

/** Manifests as `sops --encrypt` leaves them, in one file. */
export function encryptSops(manifests: readonly object[], options: SopsOptions): string {
  const { keys, fields = valueFields, macOnlyEncrypted = false, metadata, dataKey: key = randomBytes(32) } = options
  const hash = createHash('sha512')
  if (macOnlyEncrypted) hash.update(Buffer.from('8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69', 'hex'))
  const encoding = { key, hash, fields, onlyEncrypted: macOnlyEncrypted }
  const documents = manifests.map((manifest) => encode(manifest, [], encoding) as object)
  const sops = {
    age: keys.map((holder) => ({ recipient: holder.recipient, enc: armor(encryptAge(key, [holder])) })),
    lastmodified,
    mac: sealValue(hash.digest('hex').toUpperCase(), 'str', { key, bound: lastmodified }),
    ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
    version: '3.10.2',
    ...metadata,
  }
  return documents.map((document) => stringify({ ...document, sops }, { lineWidth: 0, version: '1.1' })).join('---\n')
}

function encode(value: unknown, path: readonly string[], encoding: Encoding): unknown {
  if (value === null) return null
  if (Array.isArray(value)) return value.map((item) => encode(item, path, encoding))
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, encode(inner, [...path, key], encoding)]))
  const encrypted = encoding.fields(path[0] ?? '')
  const { text, type } = typed(value)
  if (encrypted || !encoding.onlyEncrypted) encoding.hash.update(text)
  return encrypted && text !== '' ? sealValue(text, type, { key: encoding.key, bound: `${path.join(':')}:` }) : value
}

function typed(value: unknown): { readonly text: string; readonly type: string } {
  if (typeof value === 'boolean') return { text: value ? 'True' : 'False', type: 'bool' }
  if (typeof value === 'number') return { text: String(value), type: Number.isInteger(value) ? 'int' : 'float' }
  return { text: String(value), type: 'str' }
}

function sealValue(text: string, type: string, { key, bound }: { readonly key: Buffer; readonly bound: string }): string {
  const iv = randomBytes(32)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(bound))
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  const [d, i, t] = [data, iv, cipher.getAuthTag()].map((bytes) => bytes.toString('base64'))
  return `ENC[AES256_GCM,data:${d},iv:${i},tag:${t},type:${type}]`
}
