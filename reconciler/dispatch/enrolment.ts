import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { describeError, errorCode, GitvirtError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Pki } from '../lib/pki.ts'
import { requestUrl } from '../lib/request-url.ts'
import { agentOf } from './peer.ts'

const paths = ['/v1/ca', '/v1/enroll', '/v1/renew']
const maxBodyBytes = 16 * 1024

/** True for the paths that `handleEnrolment` serves. */
export function isEnrolmentPath(url: string | undefined): boolean {
  return paths.includes(requestUrl(url).pathname)
}

export type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse }

/**
 * Serves how a host becomes an agent's host:
 * GET /v1/ca gives the authority's certificate (the joining side compares its fingerprint with its token);
 * POST /v1/enroll {token, request} and, with an agent's certificate, POST /v1/renew {request} give {node, cert, ca}.
 */
export async function handleEnrolment(exchange: Exchange, options: { readonly pki: Pki; readonly log: Logger }): Promise<void> {
  try {
    answer(exchange, 200, await enrolment(exchange.request, options))
  } catch (error) {
    options.log.warn({ address: exchange.request.socket.remoteAddress, code: errorCode(error) }, 'enrolment refused')
    answer(exchange, statusOf(error), { code: errorCode(error), message: describeError(error) })
  }
}

async function enrolment(request: IncomingMessage, { pki, log }: { readonly pki: Pki; readonly log: Logger }): Promise<object> {
  const path = requestUrl(request.url).pathname
  if (path === '/v1/ca' && request.method === 'GET') return { ca: pki.ca }
  if (path === '/v1/ca' || request.method !== 'POST') throw new GitvirtError({ code: 'MethodNotAllowed', message: 'Wrong method.' })
  const body = await readBody(request)
  if (path === '/v1/enroll') {
    const enrolled = await pki.enroll(textOf(body, 'token'), textOf(body, 'request'))
    log.info({ node: enrolled.node }, 'agent enrolled')
    return enrolled
  }
  const peer = agentOf(request.socket as TLSSocket, pki)
  if ('refused' in peer) throw new GitvirtError({ code: 'Forbidden', message: `Renewal refused: ${peer.refused}.` })
  return { node: peer.node, ...(await pki.renew(peer.node, textOf(body, 'request'))) }
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let bytes = 0
  // The request outlives the loop: destroying it would take the answer's socket along.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new GitvirtError({ code: 'TooLarge', message: 'The request is too large.' })
    chunks.push(chunk)
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
    if (body !== null && typeof body === 'object') return body as Record<string, unknown>
  } catch {
    // Told below, without the body: it may hold a token.
  }
  throw new GitvirtError({ code: 'InvalidRequest', message: 'The body is no JSON object.' })
}

function textOf(body: Record<string, unknown>, field: string): string {
  const value = body[field]
  if (typeof value === 'string') return value
  throw new GitvirtError({ code: 'InvalidRequest', message: `The field "${field}" is missing.` })
}

const statuses: Readonly<Record<string, number>> = {
  InvalidJoinToken: 401,
  Forbidden: 403,
  MethodNotAllowed: 405,
  TooLarge: 413,
  InvalidRequest: 400,
  InvalidCertificateRequest: 400,
}

function statusOf(error: unknown): number {
  return statuses[errorCode(error)] ?? 500
}

function answer({ response }: Exchange, status: number, body: object): void {
  const internal = status === 500 ? { code: 'Internal', message: 'The reconciler failed; its log tells why.' } : body
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(internal))
}
