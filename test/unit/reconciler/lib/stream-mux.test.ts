import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { createStreamMux, type StreamMux } from '../../../../reconciler/lib/stream-mux.ts'

/** Two multiplexers that hear each other, in order. */
function pair(windowBytes: number): { one: StreamMux; other: StreamMux } {
  const make = (peer: () => StreamMux): StreamMux =>
    createStreamMux({
      windowBytes,
      send: async (frame) => {
        await new Promise((resolve) => setImmediate(resolve))
        peer().receive(Buffer.from(frame))
      },
      abandoned: (number, error) => peer().closed(number, error),
    })
  const one = make(() => other)
  const other: StreamMux = make(() => one)
  return { one, other }
}

/** All that a stream says. Async iteration would destroy the stream, and its unsent half, at the end. */
async function heard(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}

function frame(number: number, bytes: number): Buffer {
  const result = Buffer.alloc(4 + bytes)
  result.writeUInt32BE(number)
  return result
}

describe('createStreamMux', () => {
  it('carries any chunks unchanged through any window, both ways', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(chunks, chunks, fc.integer({ min: 1, max: 500 }), async (there, back, window) => {
        const { one, other } = pair(window)
        const { duplex, opened } = one.open(7)
        const accepted = other.accept(7)
        await opened
        for (const chunk of there) duplex.write(chunk)
        duplex.end()
        for (const chunk of back) accepted.write(chunk)
        accepted.end()
        const [heardBack, heardThere] = await Promise.all([heard(duplex), heard(accepted)])
        assert.deepEqual(heardThere, Buffer.concat(there))
        assert.deepEqual(heardBack, Buffer.concat(back))
      }),
      { numRuns: 40 },
    )
  })

  it('refuses a peer that sends more than it was granted', () => {
    const mux = createStreamMux({ send: async () => undefined, abandoned: () => undefined, windowBytes: 10 })
    mux.accept(1)
    mux.receive(frame(1, 10))
    assert.throws(() => mux.receive(frame(1, 1)), { code: 'ProtocolViolation' })
  })

  it('refuses frames that are too short, grants of a wrong length, and bytes after the end', () => {
    const mux = createStreamMux({ send: async () => undefined, abandoned: () => undefined })
    mux.accept(1)
    assert.throws(() => mux.receive(Buffer.alloc(3)), { code: 'ProtocolViolation' })
    assert.throws(() => mux.receive(frame(0, 7)), { code: 'ProtocolViolation' })
    mux.receive(frame(1, 0))
    assert.throws(() => mux.receive(frame(1, 1)), { code: 'ProtocolViolation' })
  })

  it('ignores frames of streams that it does not know', () => {
    const mux = createStreamMux({ send: async () => undefined, abandoned: () => undefined })
    mux.receive(frame(9, 100))
    mux.closed(9)
  })

  it('opens only so many streams', () => {
    const mux = createStreamMux({ send: async () => undefined, abandoned: () => undefined, maxStreams: 2 })
    mux.accept(1)
    mux.accept(2)
    assert.throws(() => mux.accept(3), { code: 'TooManyStreams' })
  })
})
