import { Duplex } from 'node:stream'
import { GitvirtError } from './errors.ts'

/** Carries byte streams over one ordered channel of binary frames (framing: schemas/wire/session.json). */
export type StreamMux = {
  /** Starts a stream; `opened` resolves with the peer's first grant and rejects when the peer refuses. */
  open(number: number): { readonly duplex: Duplex; readonly opened: Promise<void> }
  /** Takes up a stream that the peer started. */
  accept(number: number): Duplex
  /** Handles one binary frame. @throws GitvirtError `ProtocolViolation` */
  receive(frame: Buffer): void
  /** The peer gave a stream up: with an error, or in good order. */
  closed(number: number, error?: Error): void
  /** The channel is gone: every stream fails. */
  close(error: Error): void
}

export type StreamMuxOptions = {
  /** Sends one frame and resolves when it may send the next. */
  readonly send: (frame: Uint8Array) => Promise<void>
  /** A stream was given up on this side before both halves ended. */
  readonly abandoned: (number: number, error: Error | undefined) => void
  /** Bytes that a peer may send ahead of the reader; default 256 KiB. */
  readonly windowBytes?: number
  /** Streams at one time; default 64. */
  readonly maxStreams?: number
}

const headerBytes = 4
const chunkBytes = 64 * 1024
const maxCredit = 0xffffffff

/** Makes the multiplexer of one connection. Each direction of each stream is limited by the credit that its receiver grants. */
export function createStreamMux(options: StreamMuxOptions): StreamMux {
  const streams = new Map<number, MuxStream>()
  const add = (number: number): MuxStream => {
    if (streams.has(number) || number < 1) throw violation(`stream ${number} is in use`)
    if (streams.size >= (options.maxStreams ?? 64)) {
      throw new GitvirtError({
        code: 'TooManyStreams',
        message: 'Too many consoles and screens are open on this host.',
        action: 'Close one first.',
      })
    }
    const stream = new MuxStream(number, { ...options, forget: () => streams.delete(number) })
    streams.set(number, stream)
    return stream
  }
  return {
    open(number) {
      const stream = add(number)
      return { duplex: stream, opened: stream.opened }
    },
    accept(number) {
      const stream = add(number)
      stream.grant()
      return stream
    },
    receive(frame) {
      if (frame.length < headerBytes) throw violation('a binary frame is too short')
      const number = frame.readUInt32BE(0)
      if (number === 0) return receiveGrant(streams, frame)
      // A stream that was just closed here may still have frames on their way.
      streams.get(number)?.receive(frame.subarray(headerBytes))
    },
    closed(number, error) {
      streams.get(number)?.closedByPeer(error)
    },
    close(error) {
      // Each one takes itself out of the map, which a Map's iterator allows.
      for (const stream of streams.values()) stream.closedByPeer(error)
    },
  }
}

function receiveGrant(streams: ReadonlyMap<number, MuxStream>, frame: Buffer): void {
  if (frame.length !== 3 * headerBytes) throw violation('a flow-control frame has the wrong length')
  streams.get(frame.readUInt32BE(4))?.credited(frame.readUInt32BE(8))
}

function violation(message: string): GitvirtError {
  return new GitvirtError({ code: 'ProtocolViolation', message })
}

type MuxStreamOptions = StreamMuxOptions & { readonly forget: () => void }

/** One stream: a Duplex whose writes wait for credit and whose unread bytes never exceed the window. */
class MuxStream extends Duplex {
  readonly opened: Promise<void>
  readonly #number: number
  readonly #options: MuxStreamOptions
  readonly #window: number
  readonly #opening = Promise.withResolvers<void>()
  #credit = 0
  #granted = false
  #outgoing: { chunk: Buffer; readonly callback: (error?: Error | null) => void } | undefined
  #sending = false
  #inbox: Buffer[] = []
  #allowance = 0
  #consumed = 0
  #wanted = false
  #peerEnded = false
  #peerGone = false

  constructor(number: number, options: MuxStreamOptions) {
    super({ allowHalfOpen: true, readableHighWaterMark: chunkBytes, writableHighWaterMark: chunkBytes })
    this.#number = number
    this.#options = options
    this.#window = options.windowBytes ?? 256 * 1024
    this.opened = this.#opening.promise
    // Nobody need wait for the opening of a stream that was accepted.
    this.opened.catch(() => undefined)
    // A stream that fails must not end the process when its user looks at 'close' only.
    this.on('error', () => undefined)
  }

  /** Grants the first window, which also tells the peer that the stream is open. */
  grant(): void {
    this.#granted = true
    this.#sendGrant(this.#window)
  }

  credited(bytes: number): void {
    this.#opening.resolve()
    // Whoever opened the stream grants in return: before that, the peer did not know it.
    if (!this.#granted) this.grant()
    this.#credit = Math.min(maxCredit, this.#credit + bytes)
    void this.#flush()
  }

  receive(bytes: Buffer): void {
    if (this.#peerEnded) throw violation(`stream ${this.#number} goes on after its end`)
    if (bytes.length === 0) this.#peerEnded = true
    this.#allowance -= bytes.length
    if (this.#allowance < 0) throw violation(`stream ${this.#number} sends more than it was granted`)
    if (bytes.length > 0) this.#inbox.push(bytes)
    this.#drain()
  }

  closedByPeer(error: Error | undefined): void {
    this.#peerGone = true
    if (error !== undefined) {
      this.destroy(error)
      return
    }
    this.#peerEnded = true
    this.#dropOutgoing()
    this.#drain()
    if (!this.writableEnded) this.end()
  }

  override _read(): void {
    this.#wanted = true
    this.#drain()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#peerGone) {
      callback()
      return
    }
    this.#outgoing = { chunk, callback }
    void this.#flush()
  }

  override _final(callback: (error?: Error | null) => void): void {
    void this.#sendEnd(callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const finished = this.writableFinished && this.#peerEnded
    this.#inbox = []
    this.#options.forget()
    this.#opening.reject(error ?? new GitvirtError({ code: 'StreamClosed', message: 'The stream was closed before it opened.' }))
    if (!finished && !this.#peerGone) this.#options.abandoned(this.#number, error ?? undefined)
    this.#dropOutgoing(error ?? new GitvirtError({ code: 'StreamClosed', message: 'The stream was closed.' }))
    callback(error)
  }

  async #sendEnd(callback: (error?: Error | null) => void): Promise<void> {
    try {
      if (!this.#peerGone) await this.#options.send(frameOf(this.#number, Buffer.alloc(0)))
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)))
      return
    }
    callback()
  }

  /** Lets a write end that nobody will read any more. */
  #dropOutgoing(error?: Error): void {
    const waiting = this.#outgoing
    this.#outgoing = undefined
    waiting?.callback(error)
  }

  #drain(): void {
    while (this.#wanted) {
      const chunk = this.#inbox.shift()
      if (chunk === undefined) break
      this.#consumed += chunk.length
      this.#wanted = this.push(chunk)
    }
    if (this.#consumed >= this.#window / 2 && !this.#peerEnded) {
      this.#sendGrant(this.#consumed)
      this.#consumed = 0
    }
    if (this.#peerEnded && this.#inbox.length === 0 && !this.readableEnded && this.#wanted) {
      this.#wanted = false
      this.push(null)
    }
  }

  async #flush(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      while (this.#outgoing !== undefined && this.#credit > 0 && !this.destroyed) await this.#sendPart(this.#outgoing)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#sending = false
    }
  }

  async #sendPart(outgoing: { chunk: Buffer; readonly callback: (error?: Error | null) => void }): Promise<void> {
    const part = outgoing.chunk.subarray(0, Math.min(this.#credit, chunkBytes))
    this.#credit -= part.length
    await this.#options.send(frameOf(this.#number, part))
    outgoing.chunk = outgoing.chunk.subarray(part.length)
    if (outgoing.chunk.length > 0 || this.#outgoing !== outgoing) return
    this.#outgoing = undefined
    outgoing.callback()
  }

  #sendGrant(bytes: number): void {
    this.#allowance += bytes
    const frame = Buffer.alloc(3 * headerBytes)
    frame.writeUInt32BE(this.#number, 4)
    frame.writeUInt32BE(bytes, 8)
    // The channel's own end closes every stream, so a failed grant needs no handling here.
    this.#options.send(frame).catch(() => undefined)
  }
}

function frameOf(number: number, bytes: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(headerBytes + bytes.length)
  frame.writeUInt32BE(number, 0)
  frame.set(bytes, headerBytes)
  return frame
}
