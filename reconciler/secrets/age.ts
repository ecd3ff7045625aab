import { armor, Decrypter } from 'age-encryption'
import { GitvirtError } from '../lib/errors.ts'
import type { AgeIdentity } from './keyring.ts'

/** The header holds a line or two for each recipient. */
const mostHeaderBytes = 64 * 1024
const mostRecipients = 100

/**
 * Opens an age file, armored or not, with the first of the identities that fits.
 * @throws GitvirtError `NoDecryptionKey`, `UnsupportedEncryption`, `EncryptedFileDamaged`
 */
export async function openAge(bytes: Uint8Array, identities: readonly AgeIdentity[]): Promise<Uint8Array> {
  const file = dearmor(bytes)
  checkHeader(file)
  if (identities.length === 0) throw noKey('there is no age key here')
  const decrypter = new Decrypter()
  for (const { secret } of identities) decrypter.addIdentity(secret)
  try {
    return await decrypter.decrypt(file)
  } catch (error) {
    if (error instanceof Error && /no identity matched/i.test(error.message)) {
      throw noKey(`none of the ${identities.length} age keys here fits`)
    }
    throw damaged(error)
  }
}

function noKey(why: string): GitvirtError {
  return new GitvirtError({
    code: 'NoDecryptionKey',
    message: `The file cannot be opened: ${why}.`,
    action: 'Give the reconciler the key with --age-key-file, or encrypt the file for a key that it has.',
  })
}

function dearmor(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x2d) return bytes
  try {
    return armor.decode(Buffer.from(bytes).toString('latin1'))
  } catch (error) {
    throw damaged(error)
  }
}

/**
 * Looks at the recipients before anything is computed for them: how hard a passphrase is to try is for the file to say.
 * Source: age's specification, "Header" and "The scrypt recipient type" (C2SP age.md).
 */
function checkHeader(file: Uint8Array): void {
  const head = Buffer.from(file.subarray(0, mostHeaderBytes)).toString('latin1')
  const end = head.indexOf('\n--- ')
  if (end < 0) throw damaged(undefined)
  const stanzas = head
    .slice(0, end)
    .split('\n')
    .filter((line) => line.startsWith('-> '))
  if (stanzas.some((line) => line.startsWith('-> scrypt'))) {
    throw new GitvirtError({
      code: 'UnsupportedEncryption',
      message: 'The file is encrypted with a passphrase.',
      action: 'Encrypt it for the reconciler’s key: age -r age1….',
    })
  }
  if (stanzas.length <= mostRecipients) return
  throw new GitvirtError({
    code: 'UnsupportedEncryption',
    message: `The file is encrypted for ${stanzas.length} recipients; at most ${mostRecipients} are looked at.`,
    action: 'Encrypt it for fewer.',
  })
}

function damaged(cause: unknown): GitvirtError {
  return new GitvirtError({
    code: 'EncryptedFileDamaged',
    message: 'The age file does not open: it was altered or cut short.',
    action: 'Bring it back as age wrote it.',
    cause,
  })
}
