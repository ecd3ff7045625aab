import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fixture } from '../source/fixture.ts'

/** An SSH key pair; returns its private file. */
export function sshKey(fixture: Fixture, name: string): string {
  const file = join(fixture.dir, name)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file])
  return file
}

/** Writes allowed_signers: principals and their private files. */
export function allowedSigners(fixture: Fixture, keys: Readonly<Record<string, string>>, options = ''): string {
  const file = join(fixture.dir, 'allowed_signers')
  const lines = Object.entries(keys).map(([principal, key]) => `${principal} ${options}${readFileSync(`${key}.pub`, 'utf8')}`)
  writeFileSync(file, lines.join(''))
  return file
}

/** Commits from now on are signed by this key. */
export function signBySsh(fixture: Fixture, key: string): void {
  for (const [name, value] of [
    ['gpg.format', 'ssh'],
    ['user.signingKey', key],
    ['commit.gpgSign', 'true'],
  ] as const)
    fixture.git('config', name, value)
}
