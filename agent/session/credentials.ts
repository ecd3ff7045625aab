import { join } from 'node:path'
import type { Clock } from '../../reconciler/lib/clock.ts'
import { describeError, errorCode, GitvirtError } from '../../reconciler/lib/errors.ts'
import type { Logger } from '../../reconciler/lib/log.ts'
import { parseJoinToken } from '../../reconciler/lib/pki.ts'
import { fingerprintOf, needsRenewal, validityOf } from '../../reconciler/lib/pki-x509.ts'
import { readIfPresent, writePrivateFile } from '../../reconciler/lib/private-file.ts'
import { certificateRefused, type Endpoint } from './connect.ts'
import { enroll, renew, type Credential, type Member } from './enrolment.ts'

/** A one-time token, or the file where it stands: that is read anew each time, and it may be gone after the first start. */
export type JoinToken = string | { readonly file: string }

export type CredentialOptions = Member & {
  /** The agent's state folder; the credentials are kept in `session.json` in it, mode 0600. */
  readonly stateDir: string
  readonly joinToken?: JoinToken
  readonly clock: Clock
  readonly log: Logger
}

/**
 * The agent's certificate: the stored one, renewed in the last third of its life. A join token brings the first one, and another
 * one where the stored one is of no use any more: expired, refused, or of another authority than the token's.
 * @param refusal why the last dial failed
 * @throws GitvirtError `NotEnrolled`, `CertificateExpired`, `InvalidJoinToken`, `WrongAuthority`, `EnrolmentFailed`
 */
export async function credentials(options: CredentialOptions, refusal?: unknown): Promise<Endpoint> {
  const { stateDir, url, clock } = options
  const path = join(stateDir, 'session.json')
  const keep = async (credential: Credential): Promise<Endpoint> => {
    await writePrivateFile(path, JSON.stringify(credential))
    return { url, ...credential }
  }
  const stored = await readStored(path, options)
  const token = await readToken(options.joinToken)
  const flaw = flawOf(stored, { token, refusal, now: clock.now() })
  if (flaw !== undefined || stored === undefined) return await replace(options, { stored, token, flaw: flaw ?? none, keep })
  if (!needsRenewal(stored.cert, clock.now())) return { url, ...stored }
  try {
    return await keep(await renew(options, stored))
  } catch (error) {
    options.log.warn({ error: describeError(error) }, 'the certificate is not renewed yet; the old one serves until its end')
    return { url, ...stored }
  }
}

/** What is wrong with the stored certificate, and whether a dial with it may succeed all the same. */
type Flaw = { readonly what: string; readonly usable: boolean; readonly code: string }

const none: Flaw = { what: 'It has no certificate', usable: false, code: 'NotEnrolled' }

type Circumstances = { readonly token: string | undefined; readonly refusal: unknown; readonly now: Date }

function flawOf(stored: Credential | undefined, { token, refusal, now }: Circumstances): Flaw | undefined {
  if (stored === undefined) return none
  const { notAfter } = validityOf(stored.cert)
  if (notAfter <= now) return { what: `Its certificate expired at ${notAfter.toISOString()}`, usable: false, code: 'CertificateExpired' }
  if (authorityOf(token) !== undefined && authorityOf(token) !== fingerprintOf(stored.ca)) {
    return { what: 'The join token is of another authority than its certificate', usable: true, code: 'WrongAuthority' }
  }
  if (errorCode(refusal) !== certificateRefused) return undefined
  return { what: 'The reconciler refuses its certificate', usable: true, code: certificateRefused }
}

/** The fingerprint in a token; undefined for what is no token: it does no harm while nobody needs one. */
function authorityOf(token: string | undefined): string | undefined {
  try {
    return token === undefined ? undefined : parseJoinToken(token).fingerprint
  } catch {
    return undefined
  }
}

type Replacement = {
  readonly stored: Credential | undefined
  readonly token: string | undefined
  readonly flaw: Flaw
  readonly keep: (credential: Credential) => Promise<Endpoint>
}

async function replace(options: CredentialOptions, { stored, token, flaw, keep }: Replacement): Promise<Endpoint> {
  const { node, url, log } = options
  const old = flaw.usable && stored !== undefined ? { url, ...stored } : undefined
  if (token === undefined) {
    if (old !== undefined) return old
    throw new GitvirtError({ code: flaw.code, message: `${flaw.what}, and there is no join token.`, action: newToken(node), host: node })
  }
  try {
    const endpoint = await keep(await enroll(options, token))
    log.warn({ node, reason: flaw.what }, 'enrolled by the join token')
    return endpoint
  } catch (error) {
    const failure = new GitvirtError({
      code: errorCode(error),
      message: `${flaw.what}, and the join token does not help: ${describeError(error)}`,
      action: newToken(node),
      host: node,
      cause: error,
    })
    if (old === undefined) throw failure
    log.warn({ code: failure.code, error: describeError(failure) }, 'the old certificate is tried again')
    return old
  }
}

function newToken(node: string): string {
  return `Make one where the reconciler runs (gitvirt token create ${node}) and put it into the file of --join-token-file.`
}

/** The stored credential; undefined where there is none or nobody can read it. */
async function readStored(path: string, { log }: CredentialOptions): Promise<Credential | undefined> {
  const text = await readIfPresent(path)
  if (text === undefined) return undefined
  try {
    const { ca, cert, key } = JSON.parse(text) as Credential
    validityOf(cert)
    return { ca, cert, key }
  } catch (error) {
    log.error({ file: path, error: describeError(error) }, 'the stored certificate cannot be read')
    return undefined
  }
}

async function readToken(token: JoinToken | undefined): Promise<string | undefined> {
  if (token === undefined || typeof token === 'string') return token
  const text = (await readIfPresent(token.file))?.trim()
  return text === '' ? undefined : text
}
