import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { identityToRecipient } from 'age-encryption'
import { openPgp, secretKeysIn } from './gpg.ts'
import { createGpgRest } from './gpg-rest.ts'
import { describeError, errorCode, GitvirtError } from '../lib/errors.ts'

/** Where the operator's keys lie on the reconciler's host. */
export type KeyPlaces = {
  /** Files with age identities, or folders of such files. */
  readonly ageKeys: readonly string[]
  /** GnuPG's home, with the secret keys of PGP recipients. */
  readonly gnupgHome?: string
  /** Milliseconds that gpg is waited for; default 20 s. */
  readonly gpgTimeout?: number
}

export type AgeIdentity = { readonly secret: string; readonly recipient: string }

export type Keyring = {
  /**
   * The age identities, read anew where a file changed, so that keys can be added and taken away while the reconciler runs.
   * @throws GitvirtError `KeyFileUnreadable`, `KeyFileExposed`, `InvalidKeyFile`
   */
  identities(): Promise<readonly AgeIdentity[]>
  readonly gnupgHome: string | undefined
  /**
   * Fingerprints of the OpenPGP keys; asked of gpg where the folder changed.
   * @throws GitvirtError `GpgMissing`, `GpgTimedOut`, `KeyFileUnreadable`
   */
  pgpKeys(): Promise<ReadonlySet<string>>
  /**
   * Opens a small OpenPGP message with the keys of the folder.
   * @throws GitvirtError `GpgMissing`, `GpgTimedOut`, `NoDecryptionKey`
   */
  openPgp(armored: string): Promise<Uint8Array>
  /** True once, where what gpg did not answer is worth another try. */
  mayAnswer(): boolean
  /** What tells one state of the key files from another. */
  stamp(): Promise<string>
}

const mostBytes = 64 * 1024
const mostIdentities = 100

/** Opens the operator's keys; reads none of them yet. */
export function openKeyring(places: KeyPlaces, now: () => number = Date.now): Keyring {
  const { gnupgHome, gpgTimeout } = places
  const gpg = createGpgRest(now)
  let known: { readonly stamp: string; readonly identities: readonly AgeIdentity[] } | undefined
  let pgp: { readonly stamp: string; readonly keys: ReadonlySet<string> } | undefined
  const stamp = async (): Promise<string> => await stampOf(places)
  return {
    gnupgHome,
    stamp,
    mayAnswer: () => gpg.isOver(),
    openPgp: async (armored) => await gpg.run(async () => await openPgp(armored, gnupgHome ?? '', gpgTimeout), armored),
    pgpKeys: async () => {
      const state = await stamp()
      if (pgp?.stamp === state) return pgp.keys
      const keys = gnupgHome === undefined ? new Set<string>() : await gpg.run(async () => await secretKeysIn(gnupgHome, gpgTimeout))
      pgp = { stamp: state, keys }
      return keys
    },
    identities: async () => {
      const now = await stamp()
      if (known?.stamp === now) return known.identities
      const identities: AgeIdentity[] = []
      for (const file of await filesOf(places.ageKeys)) identities.push(...(await readIdentities(file)))
      if (identities.length > mostIdentities) {
        throw new GitvirtError({
          code: 'InvalidKeyFile',
          message: `There are ${identities.length} age keys; at most ${mostIdentities} are tried.`,
          action: 'Take keys away that no file needs any more.',
        })
      }
      known = { stamp: now, identities }
      return identities
    },
  }
}

async function stampOf({ ageKeys, gnupgHome }: KeyPlaces): Promise<string> {
  const files = await filesOf(ageKeys).catch((error: unknown) => [describeError(error)])
  const watched = gnupgHome === undefined ? files : [...files, join(gnupgHome, 'private-keys-v1.d')]
  const stamps = watched.map(async (file) => {
    const found = await stat(file, { bigint: true }).catch(() => undefined)
    return `${file} ${found?.ino} ${found?.size} ${found?.ctimeNs}`
  })
  return (await Promise.all(stamps)).join('\n')
}

async function filesOf(places: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const place of places) {
    const found = await stat(place).catch((error: unknown) => {
      throw unreadable(place, error)
    })
    if (!found.isDirectory()) files.push(place)
    else {
      const names = await readdir(place)
      files.push(...names.filter((name) => !name.startsWith('.')).map((name) => join(place, name)))
    }
  }
  return files.sort()
}

async function readIdentities(file: string): Promise<AgeIdentity[]> {
  const identities: AgeIdentity[] = []
  for (const [index, line] of (await readPrivate(file)).split(/\r?\n/).entries()) {
    const secret = line.trim()
    if (secret !== '' && !secret.startsWith('#')) identities.push({ secret, recipient: await recipientOf(secret, `${file}:${index + 1}`) })
  }
  return identities
}

async function recipientOf(secret: string, at: string): Promise<string> {
  try {
    return await identityToRecipient(secret)
  } catch {
    // The line itself must not show up in a message.
    throw new GitvirtError({
      code: 'InvalidKeyFile',
      message: `${at} is no age identity.`,
      action: 'Write one AGE-SECRET-KEY-1… a line, as age-keygen does.',
    })
  }
}

/** The text of a file that only its owner can read. Checked on the open file, so that nobody can change it in between. */
async function readPrivate(file: string): Promise<string> {
  await using handle = await open(file, 'r').catch((error: unknown) => {
    throw unreadable(file, error)
  })
  const { mode, uid, size } = await handle.stat()
  const self = process.geteuid?.()
  if ((mode & 0o077) !== 0 || (uid !== 0 && self !== undefined && uid !== self)) {
    throw new GitvirtError({
      code: 'KeyFileExposed',
      message: `The key file ${file} can be read or written by others than its owner (mode ${(mode & 0o777).toString(8)}).`,
      action: `Give it to the reconciler's user with mode 0600, and think of the key as known to others.`,
    })
  }
  if (size > mostBytes) throw unreadable(file, new Error(`it has ${size} bytes`))
  return (await handle.readFile()).toString('utf8')
}

function unreadable(file: string, error: unknown): GitvirtError {
  return new GitvirtError({
    code: 'KeyFileUnreadable',
    message: `The key file ${file} cannot be read: ${errorCode(error) === 'ENOENT' ? 'it is not there' : describeError(error)}.`,
    action: 'Mend --age-key-file, or put the key there.',
    cause: error,
  })
}
