import { GitvirtError } from '../../lib/errors.ts'

/** One holder of the data key. */
export type Holder = { readonly name: string; readonly enc: string }

/** What SOPS says about a file, as far as opening it goes. */
export type SopsMetadata = {
  readonly age: readonly Holder[]
  readonly pgp: readonly Holder[]
  /** Kinds of other holders: cloud services that are never asked. */
  readonly others: readonly string[]
  readonly mac: string
  readonly lastModified: string
  readonly macOnlyEncrypted: boolean
}

/** More holders than any team has; each may cost a key exchange or a run of gpg. */
const mostHolders = 100
const otherKinds = ['kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault']

/**
 * Reads the field `sops` of a document. Which values are encrypted is told by the values themselves, so that no pattern out of a file is
 * ever run. Source: SOPS' stores/stores.go.
 * @throws GitvirtError `UnsupportedEncryption`
 */
export function readMetadata(value: unknown): SopsMetadata {
  const fields = record(value)
  const { mac, lastmodified, shamir_threshold: threshold } = fields
  if (list(fields['key_groups']).length > 0 || (typeof threshold === 'number' && threshold > 1))
    throw unsupported('The data key is split between key groups.', 'Encrypt it for one group of keys: leave key_groups out of .sops.yaml.')
  if (typeof mac !== 'string' || typeof lastmodified !== 'string')
    throw unsupported('SOPS’ metadata lack mac or lastmodified.', 'Bring the file back as sops wrote it.')
  return {
    age: holders(fields['age'], 'recipient'),
    pgp: holders(fields['pgp'], 'fp'),
    others: otherKinds.filter((kind) => list(fields[kind]).length > 0),
    mac,
    lastModified: lastmodified,
    macOnlyEncrypted: fields['mac_only_encrypted'] === true,
  }
}

function holders(value: unknown, name: string): Holder[] {
  const all = list(value)
  if (all.length > mostHolders)
    throw unsupported(`It is encrypted for ${all.length} keys; at most ${mostHolders} are looked at.`, 'Encrypt it for fewer.')
  return all.flatMap((entry) => {
    const { [name]: holder, enc } = record(entry)
    return typeof holder === 'string' && typeof enc === 'string' ? [{ name: holder, enc }] : []
  })
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function unsupported(message: string, action: string): GitvirtError {
  return new GitvirtError({ code: 'UnsupportedEncryption', message, action })
}
