import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { SessionMessage, Welcome } from '../../schemas/generated/session.ts'
import { parseMessage, protocolVersion, sessionPath } from '../../schemas/wire/message.ts'
import { errorCode, GitvirtError } from '../../reconciler/lib/errors.ts'
import { createLink, maxFrameBytes, type Link, type LinkOptions } from '../../reconciler/lib/link.ts'

/** Where the reconciler is and how this agent proves itself; PEM texts. */
export type Endpoint = { readonly url: string; readonly ca: string; readonly cert: string; readonly key: string }

/** Code of a dial whose client certificate was refused. */
export const certificateRefused = 'CertificateRefused'

export type ConnectOptions = Pick<LinkOptions<SessionMessage>, 'abandoned' | 'pingMs' | 'deadMs'> & {
  readonly endpoint: Endpoint
  readonly node: string
  readonly version: string
  readonly received: (message: SessionMessage, link: Link<SessionMessage>) => void
  /** Milliseconds for the whole greeting; default 10,000. */
  readonly greetingMs?: number
}

/**
 * Dials the reconciler over TLS 1.3 with client certificate and exchanges greetings.
 * @throws GitvirtError `ConnectFailed`, `CertificateRefused` or `SessionRefused`
 */
export async function connect(options: ConnectOptions): Promise<Link<SessionMessage>> {
  const greetingMs = options.greetingMs ?? 10_000
  const socket = await dial(options.endpoint, greetingMs)
  const welcomed = Promise.withResolvers<void>()
  // A hello that cannot be sent ends this before anybody awaits it.
  welcomed.promise.catch(() => undefined)
  let greeted = false
  const link: Link<SessionMessage> = createLink<SessionMessage>(socket, {
    ...options,
    parse: parseMessage,
    received: (message) => {
      if (greeted) return options.received(message, link)
      if (message.type !== 'welcome') throw new GitvirtError({ code: 'ProtocolViolation', message: 'no greeting came first' })
      checkWelcome(message)
      greeted = true
      welcomed.resolve()
    },
  })
  const timer = setTimeout(() => welcomed.reject(refused(options.endpoint, 'no greeting in time')), greetingMs)
  void link.ended.then((end) => welcomed.reject(refused(options.endpoint, end.reason)))
  try {
    await link.send({ type: 'hello', node: options.node, version: options.version, protocol: protocolVersion })
    await welcomed.promise
    return link
  } catch (error) {
    link.close(1000, 'no greeting')
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function checkWelcome(message: Welcome): void {
  if (message.protocol === protocolVersion) return
  throw new GitvirtError({ code: 'ProtocolViolation', message: `the reconciler speaks protocol ${message.protocol}` })
}

function refused(endpoint: Endpoint, reason: string): GitvirtError {
  return new GitvirtError({ code: 'SessionRefused', message: `The reconciler at ${endpoint.url} refused the session: ${reason}` })
}

async function dial({ url, ca, cert, key }: Endpoint, handshakeTimeout: number): Promise<WebSocket> {
  const address = new URL(sessionPath, url)
  address.protocol = 'wss:'
  const tls = { ca, cert, key, minVersion: 'TLSv1.3' as const, rejectUnauthorized: true }
  const socket = new WebSocket(address, {
    ...tls,
    handshakeTimeout,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    followRedirects: false,
  })
  const opened = Promise.withResolvers<void>()
  socket.once('open', opened.resolve)
  socket.once('error', opened.reject)
  socket.once('unexpected-response', (request, response) => {
    void refusalOf(url, response).then((error) => {
      opened.reject(error)
      request.destroy()
    })
  })
  try {
    await opened.promise
    socket.off('error', opened.reject)
    return socket
  } catch (error) {
    socket.terminate()
    if (error instanceof GitvirtError) throw error
    throw connectFailed(url, error)
  }
}

/** The error of a server that answered with a plain response: 403 is about the certificate, and its text tells why. */
async function refusalOf(url: string, response: IncomingMessage): Promise<GitvirtError> {
  const words = response.statusCode === 403 ? await firstBytes(response) : ''
  if (response.statusCode !== 403) return connectFailed(url, new Error(`Unexpected server response: ${response.statusCode ?? 0}`))
  return new GitvirtError({
    code: certificateRefused,
    message: `The reconciler at ${url} refused this agent's certificate (403): ${words.trim()}`,
    action: 'Give the agent a new join token.',
  })
}

const refusalBytes = 500

async function firstBytes(response: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      text += chunk.toString()
      if (text.length >= refusalBytes) break
    }
  } catch {
    // What came so far is told.
  }
  return text.slice(0, refusalBytes)
}

/** Node's codes for a server whose certificate is not of the authority that this agent joined. */
const untrusted: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
])

function connectFailed(url: string, error: unknown): GitvirtError {
  const words = error instanceof Error ? error.message : String(error)
  return new GitvirtError({
    code: 'ConnectFailed',
    message: `Cannot connect to the reconciler at ${url}: ${words}`,
    cause: error,
    ...(untrusted.has(errorCode(error))
      ? { action: 'Its authority is not the one that this agent joined: if it is a new reconciler, give the agent a join token of it.' }
      : {}),
  })
}
