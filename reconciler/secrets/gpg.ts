import { errorCode, GitvirtError } from '../lib/errors.ts'
import { run } from '../lib/exec.ts'

const gpgMs = 20_000
/** What an OpenPGP message of 32 bytes may come to. */
const mostBytes = 16 * 1024

/**
 * Opens a small OpenPGP message with the secret keys of a GnuPG home. gpg may start its agent, which keeps running; a key with a
 * passphrase works only while that agent knows it, because nobody is asked.
 * @throws GitvirtError `GpgMissing`, `NoDecryptionKey`
 */
export async function openPgp(armored: string, home: string): Promise<Uint8Array> {
  if (armored.length > mostBytes) throw shut('the message is too large for a data key')
  const flags = ['--batch', '--no-tty', '--quiet', '--no-options', '--pinentry-mode', 'error', '--max-output', '4096']
  try {
    const { stdout } = await run('gpg', ['--homedir', home, ...flags, '--decrypt'], {
      input: armored,
      timeout: gpgMs,
      maxBytes: mostBytes,
      encoding: 'latin1',
    })
    return Buffer.from(stdout, 'latin1')
  } catch (error) {
    if (errorCode(error) === 'CommandNotFound') {
      throw new GitvirtError({
        code: 'GpgMissing',
        message: 'The data key is encrypted with OpenPGP, and gpg is not installed.',
        action: 'Install gnupg on the reconciler’s host, or encrypt for an age key as well.',
        cause: error,
      })
    }
    throw shut(error instanceof Error ? error.message : String(error))
  }
}

function shut(why: string): GitvirtError {
  return new GitvirtError({
    code: 'NoDecryptionKey',
    message: `gpg does not open the data key: ${why}`,
    action: 'Import the secret key into the folder of --gnupg-home, without a passphrase.',
  })
}
