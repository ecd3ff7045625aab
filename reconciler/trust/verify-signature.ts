import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GitvirtError } from '../lib/errors.ts'
import { run } from '../lib/exec.ts'
import { dearmor } from './dearmor.ts'
import type { SignedCommit } from './signed-commit.ts'

/** Whose key it was. */
export type Signer = {
  readonly kind: 'ssh' | 'openpgp'
  /** The principal of allowed_signers, or the key's user id. */
  readonly name: string
  readonly fingerprint: string
}

/** Files of the operator, never from Git. */
export type Keys = {
  /** allowed_signers of ssh-keygen(1). */
  readonly allowedSigners?: string
  /** OpenPGP public keys, binary or armored. */
  readonly keyring?: string
  /** SSH keys that count no more: a KRL or a list of public keys, as ssh-keygen(1) reads it by `-r`. */
  readonly revoked?: string
}

/** What was signed, and how: a commit or a tag. */
export type Signed = Pick<SignedCommit, 'signature' | 'payload' | 'committedAt'>

/**
 * Who signed a commit or a tag, among those whose keys are given; undefined where it is unsigned or by another key.
 * ssh-keygen(1) `-Y verify` and gpgv(1) judge, as Git itself lets them.
 * @param now an SSH key must be good at this time; without it at the time that the commit says
 * @throws GitvirtError `CommandNotFound`, `KeysUnreadable`
 */
export async function verifySignature(commit: Signed, keys: Keys, now?: Date): Promise<Signer | undefined> {
  const { signature } = commit
  const file = signature?.kind === 'ssh' ? keys.allowedSigners : keys.keyring
  if (signature === undefined || file === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'gitvirt-trust-'))
  try {
    const signatureFile = join(folder, 'signature')
    await writeFile(signatureFile, signature.armored, { mode: 0o600 })
    // A key that has ended by now may still have signed an old commit: git verifies at the commit's own time, too.
    const time = now === undefined ? commit.committedAt : now.getTime() / 1000
    const check = { commit, file, folder, signatureFile, time, revoked: keys.revoked }
    return signature.kind === 'ssh' ? await verifySsh(check) : await verifyOpenPgp(check)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Check = {
  readonly commit: Signed
  readonly file: string
  readonly folder: string
  readonly signatureFile: string
  /** Seconds since 1970 at which the key must be good. */
  readonly time: number
  readonly revoked: string | undefined
}

const limits = { timeout: 20_000, maxBytes: 65_536 }

async function verifySsh({ commit, file, signatureFile, ...check }: Check): Promise<Signer | undefined> {
  await readKeys(file)
  if (check.revoked !== undefined) await readKeys(check.revoked)
  const time = `-Overify-time=${sshTime(check.time)}`
  const found = await run('ssh-keygen', ['-Y', 'find-principals', '-f', file, '-s', signatureFile, time], { ...limits, okCodes: [1, 255] })
  const principal = found.exitCode === 0 ? found.stdout.split('\n')[0]?.trim() : undefined
  if (principal === undefined || principal === '') return undefined
  const revoked = check.revoked === undefined ? [] : ['-r', check.revoked]
  const args = ['-Y', 'verify', '-f', file, '-I', principal, '-n', 'git', '-s', signatureFile, time, ...revoked]
  const verified = await run('ssh-keygen', args, { ...limits, input: commit.payload, okCodes: [1, 255] })
  if (verified.exitCode !== 0) return undefined
  return { kind: 'ssh', name: principal, fingerprint: /\b(SHA256:[A-Za-z0-9+/=]+)/.exec(verified.stdout)?.[1] ?? '' }
}

/** ssh-keygen(1): YYYYMMDDHHMMSS, and Z for UTC. */
function sshTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
}

async function verifyOpenPgp({ commit, file, folder, signatureFile }: Check): Promise<Signer | undefined> {
  const keyring = join(folder, 'keyring')
  const payload = join(folder, 'payload')
  await writeFile(keyring, dearmor(await readKeys(file)), { mode: 0o600 })
  await writeFile(payload, commit.payload, { mode: 0o600 })
  const args = ['--homedir', folder, '--status-fd', '1', '--keyring', keyring, '--', signatureFile, payload]
  const { stdout, exitCode } = await run('gpgv', args, { ...limits, okCodes: [1, 2] })
  const name = /^\[GNUPG:\] GOODSIG \S+ (.*)$/m.exec(stdout)?.[1]
  const fingerprint = /^\[GNUPG:\] VALIDSIG (\S+)/m.exec(stdout)?.[1]
  // Expired and revoked keys give EXPKEYSIG and REVKEYSIG in place of GOODSIG.
  if (exitCode !== 0 || name === undefined || fingerprint === undefined) return undefined
  return { kind: 'openpgp', name, fingerprint }
}

async function readKeys(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new GitvirtError({
      code: 'KeysUnreadable',
      message: `The keys in ${file} cannot be read, so no commit can be trusted.`,
      action: 'Mend the file or the flag that names it; what is applied stays as it is.',
      cause,
    })
  }
}
