import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { Agent, request } from 'undici'
import { GitvirtError } from '../../lib/errors.ts'
import { guardedLookup, isInternalAddress } from '../../lib/internal-address.ts'

/** Where one body is posted to, and how far the operator trusts that address. */
export type Posting = {
  readonly url: string
  readonly allowPrivate: boolean
  readonly caFile?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

const timeoutMs = 15_000
const longestAnswer = 4096
const longestWords = 200

/**
 * Posts JSON and returns what the server said: its status and the first words. Redirects are not followed: they would carry the body, and
 * what is secret in the headers, to wherever they point.
 * @throws GitvirtError `NotifyAddressRefused`, `NotifyFailed` (never with the address, which may be a secret itself)
 */
export async function postJson(posting: Posting): Promise<string> {
  const url = new URL(posting.url)
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (!posting.allowPrivate && isIP(literal) !== 0 && isInternalAddress(literal)) throw refused(url.hostname, literal)
  const agent = await createAgent(posting)
  try {
    const headers = { 'content-type': 'application/json', 'user-agent': 'gitvirt', ...posting.headers }
    const signal = AbortSignal.any([posting.signal, AbortSignal.timeout(timeoutMs)])
    const { statusCode, body } = await request(url, { dispatcher: agent, method: 'POST', headers, body: posting.body, signal })
    const text = `${statusCode} ${await firstWords(body)}`.trim()
    if (statusCode >= 200 && statusCode < 300) return text
    const moved = statusCode >= 300 && statusCode < 400 ? ' Redirects are not followed: write the address that it leads to.' : ''
    throw new GitvirtError({ code: 'NotifyFailed', message: `The server ${url.host} answered ${text}.${moved}` })
  } catch (error) {
    throw asFailure(url.host, error)
  } finally {
    await agent.destroy()
  }
}

async function createAgent({ allowPrivate, caFile }: Posting): Promise<Agent> {
  const ca = caFile === undefined ? {} : { ca: [...rootCertificates, await readFile(caFile, 'utf8')] }
  const connect = { lookup: guardedLookup(allowPrivate, refused), ...ca }
  return new Agent({ connect, connectTimeout: timeoutMs, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connections: 1 })
}

async function firstWords(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    parts.push(part)
    size += part.byteLength
    if (size > longestAnswer) break
  }
  const text = Buffer.concat(parts).toString('utf8')
  return text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, longestWords)
}

function asFailure(host: string, error: unknown): GitvirtError {
  if (error instanceof GitvirtError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof GitvirtError) return cause
  const words = cause instanceof Error ? cause.message : String(cause)
  return new GitvirtError({ code: 'NotifyFailed', message: `The server ${host} cannot be reached: ${words}`, cause: error })
}

export function refused(host: string, address: string): GitvirtError {
  return new GitvirtError({
    code: 'NotifyAddressRefused',
    message: `The host ${host} has the internal address ${address}.`,
    action: 'Write allowPrivate: true at the destination if this is meant.',
  })
}
