import { readFile } from 'node:fs/promises'
import { GitvirtError, errorCode } from '../lib/errors.ts'
import type { Remote, SecretPlace, SourceAuth } from './options.ts'

/** A value for the Authorization header, with the words that must not show in any message. */
export type Credentials = { readonly header: string; readonly hide: readonly string[] }

/**
 * Reads the credentials now; undefined where there are none.
 * @throws GitvirtError `CredentialsMissing`
 */
export async function readCredentials(remote: Remote, auth: SourceAuth | undefined): Promise<Credentials | undefined> {
  if (remote.transport !== 'http') return undefined
  if (auth === undefined) return remote.inline === undefined ? undefined : basic(remote.inline.username, remote.inline.password)
  if (auth.kind === 'basic') return basic(auth.username, await readSecret(auth.password))
  return basic(auth.username ?? 'x-access-token', await readSecret(auth.token))
}

/** Takes the credentials out of a program's or server's words. */
export function redact(text: string, credentials: Credentials | undefined): string {
  let clean = text.replaceAll(/\/\/[^/@\s]*@/g, '//')
  for (const word of credentials?.hide ?? []) clean = clean.replaceAll(word, '[redacted]')
  return clean
}

function basic(username: string, password: string): Credentials {
  const encoded = Buffer.from(`${username}:${password}`).toString('base64')
  return { header: `Basic ${encoded}`, hide: [encoded, password].filter((word) => word !== '') }
}

async function readSecret(place: SecretPlace): Promise<string> {
  const name = 'env' in place ? `environment variable ${place.env}` : `file ${place.file}`
  const value = 'env' in place ? process.env[place.env] : await readSecretFile(place.file)
  const trimmed = value?.trim() ?? ''
  if (trimmed === '' || /[\r\n\0]/.test(trimmed)) {
    throw new GitvirtError({
      code: 'CredentialsMissing',
      message: `The ${name} holds no usable password or token for the repository.`,
      action: `Put the token, on one line, into the ${name}.`,
    })
  }
  return trimmed
}

async function readSecretFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
