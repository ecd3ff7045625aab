import { describeError, errorCode, GitvirtError } from '../../lib/errors.ts'
import { openAge } from '../age.ts'
import type { Keyring } from '../keyring.ts'
import type { Holder, SopsMetadata } from './metadata.ts'

const keyBytes = 32
const mostNamed = 5

/**
 * The key of a file's values, from the first holder whose key is here: age first, then OpenPGP.
 * @throws GitvirtError `NoDecryptionKey` with whom the file is encrypted for, and what opening and reading keys throw
 */
export async function dataKey(metadata: SopsMetadata, keyring: Keyring): Promise<Uint8Array> {
  const failures: unknown[] = []
  const identities = await keyring.identities()
  for (const { name, enc } of metadata.age) {
    const fitting = identities.filter(({ recipient }) => recipient === name.trim())
    if (fitting.length === 0) continue
    try {
      return checkKey(await openAge(Buffer.from(enc.trim()), fitting))
    } catch (error) {
      failures.push(error)
    }
  }
  try {
    for (const { enc } of await fittingPgp(metadata, keyring)) return checkKey(await keyring.openPgp(enc))
  } catch (error) {
    failures.push(error)
  }
  throw noKey(metadata, failures)
}

/** gpg is run for keys that are here, not for each that a file names. */
async function fittingPgp({ pgp }: SopsMetadata, keyring: Keyring): Promise<Holder[]> {
  if (pgp.length === 0 || keyring.gnupgHome === undefined) return []
  const keys = await keyring.pgpKeys()
  return pgp.filter(({ name }) => keys.has(name.replaceAll(/\s/g, '').toUpperCase()))
}

function checkKey(key: Uint8Array): Uint8Array {
  if (key.byteLength === keyBytes) return key
  throw new GitvirtError({
    code: 'UnsupportedEncryption',
    message: `The data key has ${key.byteLength} bytes instead of ${keyBytes}.`,
    action: 'Encrypt the file anew with sops.',
  })
}

function noKey({ age, pgp, others }: SopsMetadata, failures: readonly unknown[]): unknown {
  const [failure] = failures
  // One way in that is broken says more than that there is no other.
  if (failure instanceof GitvirtError && errorCode(failure) !== 'NoDecryptionKey') return failure
  const holders = [...named('age', age), ...named('PGP', pgp), ...others]
  const whom = holders.length === 0 ? 'nobody' : holders.join(', ')
  const why = failure === undefined ? 'no such key is here' : describeError(failure)
  return new GitvirtError({
    code: 'NoDecryptionKey',
    message: `It is encrypted for ${whom}: ${why}.`.replace(/\.\.$/, '.'),
    action: 'Give the reconciler a key with --age-key-file (or --gnupg-home), or encrypt the file for one that it has (sops updatekeys).',
  })
}

function named(kind: string, holders: readonly Holder[]): string[] {
  const more = holders.length > mostNamed ? [`${holders.length - mostNamed} more ${kind} keys`] : []
  return [...holders.slice(0, mostNamed).map(({ name }) => `${kind} ${printable(name)}`), ...more]
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 80)
}
