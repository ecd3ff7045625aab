import { errorCode, GitvirtError } from '../lib/errors.ts'
import { run } from '../lib/exec.ts'

/** Milliseconds that gpg is waited for. */
const gpgMs = 20_000
/** What an OpenPGP message of 32 bytes may come to. */
const mostBytes = 16 * 1024

const flags = ['--batch', '--no-tty', '--quiet', '--no-options', '--pinentry-mode', 'error']

/**
 * Fingerprints of the secret keys and subkeys of a GnuPG home. Source: GnuPG's doc/DETAILS, records of --with-colons.
 * @throws GitvirtError `GpgMissing`, `GpgTimedOut`, `KeyFileUnreadable`
 */
export async function secretKeysIn(home: string, timeout = gpgMs): Promise<ReadonlySet<string>> {
  try {
    const { stdout } = await run('gpg', ['--homedir', home, ...flags, '--with-colons', '--list-secret-keys'], { timeout })
    return new Set([...stdout.matchAll(/^fpr:(?:[^:]*:){8}([0-9A-F]+):/gm)].map(([, fingerprint = '']) => fingerprint))
  } catch (error) {
    if (errorCode(error) === 'CommandNotFound') throw gpgMissing(error)
    if (errorCode(error) === 'CommandTimedOut') throw gpgSilent(`it did not end in ${timeout / 1000} s`)
    throw new GitvirtError({
      code: 'KeyFileUnreadable',
      message: `gpg cannot list the secret keys of ${home}: ${error instanceof Error ? error.message : String(error)}`,
      action: 'Mend --gnupg-home: its user must own it, with mode 0700.',
      cause: error,
    })
  }
}

/**
 * Opens a small OpenPGP message with the secret keys of a GnuPG home. gpg may start its agent, which keeps running; a key with a
 * passphrase works only while that agent knows it, because nobody is asked.
 * @throws GitvirtError `GpgMissing`, `GpgTimedOut`, `NoDecryptionKey`
 */
export async function openPgp(armored: string, home: string, timeout = gpgMs): Promise<Uint8Array> {
  if (armored.length > mostBytes) throw shut('the message is too large for a data key')
  try {
    const { stdout } = await run('gpg', ['--homedir', home, ...flags, '--max-output', '4096', '--decrypt'], {
      input: armored,
      timeout,
      maxBytes: mostBytes,
      encoding: 'latin1',
    })
    return Buffer.from(stdout, 'latin1')
  } catch (error) {
    if (errorCode(error) === 'CommandNotFound') throw gpgMissing(error)
    if (errorCode(error) === 'CommandTimedOut') throw gpgSilent(`it did not end in ${timeout / 1000} s`)
    throw shut(error instanceof Error ? error.message : String(error))
  }
}

function gpgMissing(cause: unknown): GitvirtError {
  return new GitvirtError({
    code: 'GpgMissing',
    message: 'The data key is encrypted with OpenPGP, and gpg is not installed.',
    action: 'Install gnupg on the reconciler’s host, or encrypt for an age key as well.',
    cause,
  })
}

/** A failure that passes: another try may open what stays shut now. */
export function gpgSilent(why: string): GitvirtError {
  return new GitvirtError({
    code: 'GpgTimedOut',
    message: `gpg does not answer: ${why}. It is tried again by itself, after rests of ten minutes at most.`,
    action: 'Look at gpg-agent and at the load of the reconciler’s host.',
  })
}

function shut(why: string): GitvirtError {
  return new GitvirtError({
    code: 'NoDecryptionKey',
    message: `gpg does not open the data key: ${why}`,
    action: 'Import the secret key into the folder of --gnupg-home, without a passphrase.',
  })
}
