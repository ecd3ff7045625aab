import { WebSocket } from 'ws'
import type { SessionMessage, Welcome } from '../../schemas/generated/session.ts'
import { parseMessage, protocolVersion, sessionPath } from '../../schemas/wire/message.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import { createLink, maxFrameBytes, type Link, type LinkOptions } from '../../reconciler/lib/link.ts'

/** Where the reconciler is and how this agent proves itself; PEM texts. */
export type Endpoint = { readonly url: string; readonly ca: string; readonly cert: string; readonly key: string }

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
 * @throws GitvirtError `ConnectFailed` or `SessionRefused`
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
  try {
    await opened.promise
    socket.off('error', opened.reject)
    return socket
  } catch (error) {
    socket.terminate()
    const words = error instanceof Error ? error.message : String(error)
    throw new GitvirtError({ code: 'ConnectFailed', message: `Cannot connect to the reconciler at ${url}: ${words}`, cause: error })
  }
}
