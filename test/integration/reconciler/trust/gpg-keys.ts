import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { atEnd } from '../../../at-end.ts'
import type { Fixture } from '../source/fixture.ts'

/** A GnuPG home with secret keys, of which git signs with one. */
export type GpgHome = {
  gpg(...args: string[]): Buffer
  /** Makes a key without a passphrase that ends after this time, as gpg writes times; `at`: as if it were that time, as 20200101T000000. */
  make(email: string, options?: { readonly expires?: string; readonly at?: string }): void
  /** Takes a key back by the certificate that gpg made with it. */
  revoke(email: string): void
  /** Writes these public keys into a file, for a reconciler. */
  keyring(emails: readonly string[], form?: 'armored' | 'binary'): string
  /** Commits from now on are signed by this key; `at`: as if it were that time. */
  sign(email: string, at?: string): void
}

/** A home in the folder of the fixture, whose agent ends with the test. */
export function gpgHome(t: TestContext, fixture: Fixture): GpgHome {
  const home = join(fixture.dir, 'gnupg')
  mkdirSync(home, { mode: 0o700 })
  const env = { ...process.env, GNUPGHOME: home }
  atEnd(t, () => execFileSync('gpgconf', ['--kill', 'all'], { env }))
  const gpg = (...args: string[]): Buffer =>
    execFileSync('gpg', ['--batch', '--quiet', '--passphrase', '', ...args], { env, stdio: 'pipe' })
  const timed = (at: string | undefined): string[] => (at === undefined ? [] : ['--faked-system-time', at])
  return {
    gpg,
    make: (email, { expires = 'never', at } = {}) => void gpg(...timed(at), '--quick-generate-key', email, 'ed25519', 'sign', expires),
    revoke: (email) => {
      const fingerprint = /^fpr:(?:[^:]*:){8}([0-9A-F]+):/m.exec(gpg('--with-colons', '--list-keys', email).toString())?.[1] ?? ''
      // gpg writes a colon before the armor, lest it be imported by mistake.
      const certificate = readFileSync(join(home, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8').replace(':-----BEGIN', '-----BEGIN')
      const file = join(fixture.dir, 'revocation')
      writeFileSync(file, certificate)
      gpg('--import', file)
    },
    keyring: (emails, form = 'binary') => {
      const file = join(fixture.dir, 'keyring')
      writeFileSync(file, gpg('--export', ...(form === 'armored' ? ['--armor'] : []), ...emails))
      return file
    },
    sign: (email, at) => {
      const program = join(fixture.dir, 'gpg')
      writeFileSync(program, `#!/bin/sh\nGNUPGHOME='${home}' exec gpg ${timed(at).join(' ')} "$@"\n`, { mode: 0o755 })
      for (const [name, value] of [
        ['gpg.format', 'openpgp'],
        ['gpg.program', program],
        ['commit.gpgSign', 'true'],
        ['user.signingKey', email],
      ] as const)
        fixture.git('config', name, value)
    },
  }
}
