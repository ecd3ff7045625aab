import { pipeline, type Duplex } from 'node:stream'
import { WebSocket, type RawData } from 'ws'
import { errorCode, GitvirtError } from './errors.ts'
import { createStreamMux, type StreamMux } from './stream-mux.ts'

/** Why a session ends, as WebSocket close codes (RFC 6455, section 7.4: 4000–4999 are private). */
export const closeCodes = {
  normal: 1000,
  violation: 1008,
  protocolVersion: 4001,
  wrongNode: 4003,
  duplicate: 4009,
  revoked: 4010,
  outOfSequence: 4011,
  timedOut: 4012,
} as const

/** Most bytes of one frame, either way. */
export const maxFrameBytes = 32 * 1024 * 1024

export type LinkEnd = { readonly code: number; readonly reason: string }

/** One live WebSocket between agent and reconciler: checked messages, byte streams, liveness, back-pressure. */
export type Link<Message> = {
  /** Resolves when the message went to the network. @throws GitvirtError `LinkClosed` or `MessageTooLarge` */
  send(message: Message): Promise<void>
  readonly streams: StreamMux
  /** True when the peer answers a ping in time. */
  probe(milliseconds: number): Promise<boolean>
  close(code: number, reason: string): void
  readonly ended: Promise<LinkEnd>
}

export type LinkOptions<Message> = {
  readonly parse: (text: string) => { readonly message: Message } | { readonly problem: string }
  /** Handles one message; what it throws closes the link as a violation. */
  readonly received: (message: Message) => void
  /** A stream was given up on this side. */
  readonly abandoned: (number: number, error: Error | undefined) => void
  /** Milliseconds between pings; default 10,000. */
  readonly pingMs?: number
  /** Milliseconds without any sign of life after which the peer counts as dead; default 30,000. */
  readonly deadMs?: number
}

// A peer that reads slower than this is behind is cut off rather than buffered for.
const maxBufferedBytes = 2 * maxFrameBytes

/** Puts the session's framing on a WebSocket whose handshake is done. */
export function createLink<Message>(socket: WebSocket, options: LinkOptions<Message>): Link<Message> {
  const ended = Promise.withResolvers<LinkEnd>()
  const streams = createStreamMux({ send: (frame) => transmit(socket, frame), abandoned: options.abandoned })
  const stopLiveness = keepAlive(socket, options)
  let reason: LinkEnd | undefined
  const close = (code: number, text: string): void => {
    reason ??= { code, reason: text }
    socket.close(code, text.slice(0, 120))
    // A peer that does not answer the closing handshake must not hold the socket.
    setTimeout(() => socket.terminate(), 2000).unref()
  }
  socket.on('message', (data, isBinary) => {
    try {
      receive({ data, isBinary }, options, streams)
    } catch (error) {
      close(closeCodeOf(error), error instanceof Error ? error.message : String(error))
    }
  })
  // The close event follows and tells what is known.
  socket.on('error', (error) => (reason ??= { code: 1006, reason: error.message }))
  socket.once('close', (code, text) => {
    stopLiveness()
    const end = reason ?? { code, reason: text.toString('utf8') }
    streams.close(linkClosed(end.reason))
    ended.resolve(end)
  })
  return {
    send: (message) => transmit(socket, JSON.stringify(message)),
    streams,
    probe: (milliseconds) => probe(socket, milliseconds),
    close,
    ended: ended.promise,
  }
}

function receive<Message>(
  frame: { readonly data: RawData; readonly isBinary: boolean },
  options: LinkOptions<Message>,
  streams: StreamMux,
): void {
  const bytes = toBuffer(frame.data)
  if (frame.isBinary) return streams.receive(bytes)
  const parsed = options.parse(bytes.toString('utf8'))
  if ('problem' in parsed) throw new GitvirtError({ code: 'InvalidMessage', message: `Invalid message: ${parsed.problem}` })
  options.received(parsed.message)
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}

function closeCodeOf(error: unknown): number {
  return errorCode(error) === 'OutOfSequence' ? closeCodes.outOfSequence : closeCodes.violation
}

function linkClosed(why: string): GitvirtError {
  return new GitvirtError({ code: 'LinkClosed', message: `The session ended${why === '' ? '.' : `: ${why}`}` })
}

async function transmit(socket: WebSocket, data: string | Uint8Array): Promise<void> {
  if (socket.readyState !== WebSocket.OPEN) throw linkClosed('')
  if (Buffer.byteLength(data) > maxFrameBytes) {
    throw new GitvirtError({ code: 'MessageTooLarge', message: `A message of ${Buffer.byteLength(data)} bytes exceeds ${maxFrameBytes}.` })
  }
  if (socket.bufferedAmount > maxBufferedBytes) {
    socket.terminate()
    throw linkClosed('the peer reads too slowly')
  }
  await new Promise<void>((resolve, reject) => {
    socket.send(data, { binary: typeof data !== 'string' }, (error) => (error ? reject(linkClosed(error.message)) : resolve()))
  })
}

/** Pings, and cuts a peer off that gives no sign of life. */
function keepAlive(socket: WebSocket, options: Pick<LinkOptions<never>, 'pingMs' | 'deadMs'>): () => void {
  let lastSign = performance.now()
  const sign = (): void => {
    lastSign = performance.now()
  }
  socket.on('pong', sign)
  socket.on('ping', sign)
  socket.on('message', sign)
  const timer = setInterval(() => {
    if (performance.now() - lastSign > (options.deadMs ?? 30_000)) socket.terminate()
    else if (socket.readyState === WebSocket.OPEN) socket.ping()
  }, options.pingMs ?? 10_000)
  return () => clearInterval(timer)
}

async function probe(socket: WebSocket, milliseconds: number): Promise<boolean> {
  if (socket.readyState !== WebSocket.OPEN) return false
  const answer = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => answer.resolve(false), milliseconds)
  const pong = (): void => answer.resolve(true)
  const gone = (): void => answer.resolve(false)
  socket.once('pong', pong)
  socket.once('close', gone)
  socket.ping()
  try {
    return await answer.promise
  } finally {
    clearTimeout(timer)
    socket.off('pong', pong)
    socket.off('close', gone)
  }
}

/** Joins a stream of the link with one of the host, both ways, half-close included; either side's failure ends the other. */
export function joinStreams(one: Duplex, other: Duplex): void {
  // pipeline destroys both when one fails; the failure itself is told by each stream's own end.
  pipeline(one, other, () => undefined)
  pipeline(other, one, () => undefined)
}
