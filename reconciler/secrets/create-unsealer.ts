import type { Unsealed, Unsealer, UnsealFault } from '../desired/sealed/unsealer.ts'
import { GitvirtError } from '../lib/errors.ts'
import { inputDigest } from '../lib/input-values.ts'
import { openAge } from './age.ts'
import { openKeyring, type KeyPlaces } from './keyring.ts'
import { openSopsFile } from './sops/open-file.ts'

/**
 * Opens encrypted manifests with the operator's keys.
 * @param salt of the digests: kept across restarts and known to nobody else
 * @param now milliseconds; for tests
 * @throws GitvirtError `KeyFileUnreadable`, `KeyFileExposed`, `InvalidKeyFile`: better no start than one without the keys
 */
export async function createUnsealer(places: KeyPlaces, salt: string, now: () => number = Date.now): Promise<Unsealer> {
  const keyring = openKeyring(places, now)
  await keyring.identities()
  let stamp = await keyring.stamp()
  return {
    sops: async (bytes) => {
      try {
        const outcomes = await openSopsFile(bytes, keyring)
        return outcomes.map((one): Unsealed => ('manifest' in one ? one : { fault: faultOf(one.fault) }))
      } catch (error) {
        return [{ fault: faultOf(error) }]
      }
    },
    age: async (bytes) => {
      try {
        return { bytes: await openAge(bytes, await keyring.identities()) }
      } catch (error) {
        return { fault: faultOf(error) }
      }
    },
    digest: (object) => inputDigest(object, salt),
    keysChanged: async () => {
      const before = stamp
      stamp = await keyring.stamp()
      return keyring.mayAnswer() || before !== stamp
    },
  }
}

/** Only our own words are told: what a library says of an input may quote it. */
function faultOf(error: unknown): UnsealFault {
  if (!(error instanceof GitvirtError)) {
    return { code: 'EncryptedFileDamaged', message: 'The encrypted file cannot be read.', action: 'Encrypt it anew.' }
  }
  const { code, message, action } = error
  return { code, message, ...(action === undefined ? {} : { action }) }
}
