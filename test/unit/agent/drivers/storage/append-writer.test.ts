import assert from 'node:assert/strict'
import { it } from 'node:test'
import { array, assert as check, asyncProperty, constant, integer, nat, oneof, uint8Array } from 'fast-check'
import { AppendWriter, type AppendTarget } from '../../../../../agent/drivers/storage/append-writer.ts'

type Disk = AppendTarget & { readonly bytes: Buffer; readonly pending: number }

/** A file in memory whose writes take at most `most` bytes each, and fail with ENOSPC once `room` bytes are there. */
function makeDisk({ most = Infinity, room = Infinity, size = 2 ** 20 }: { most?: number; room?: number; size?: number } = {}): Disk {
  const bytes = Buffer.alloc(size)
  let pending = 0
  const write = async (buffers: readonly NodeJS.ArrayBufferView[], position: number | null | undefined): Promise<number> => {
    pending += 1
    await new Promise((resolve) => setImmediate(resolve))
    pending -= 1
    assert.equal(pending, 0, 'one write at a time')
    const all = Buffer.concat(buffers as Buffer[])
    const at = position ?? 0
    const length = Math.min(all.length, most, room - at)
    if (length <= 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    all.copy(bytes, at, 0, length)
    return length
  }
  return {
    bytes,
    get pending() {
      return pending
    },
    writev: async (buffers, position) => ({ bytesWritten: await write(buffers, position), buffers }),
  }
}

it('writes every byte once and in order, however the bytes come and however little a write takes', async () => {
  const chunks = array(uint8Array({ minLength: 0, maxLength: 500 }), { maxLength: 40 })
  await check(
    asyncProperty(chunks, oneof(integer({ min: 1, max: 300 }), constant(Infinity)), nat(100), async (parts, most, offset) => {
      const disk = makeDisk({ most, size: 40 * 500 + 100 })
      const writer = new AppendWriter(disk, offset)
      for (const part of parts) await writer.add(Buffer.from(part))
      await writer.flush()
      const whole = Buffer.concat(parts)
      assert.equal(writer.end, offset + whole.length)
      assert.ok(disk.bytes.subarray(offset, offset + whole.length).equals(whole))
    }),
    { numRuns: 50 },
  )
})

it('tells a full disk, with every byte before that place written and none behind it', async () => {
  const disk = makeDisk({ room: 1000, most: 700, size: 4000 })
  const writer = new AppendWriter(disk, 0)
  await writer.add(Buffer.alloc(3000, 7))
  await assert.rejects(writer.flush(), { code: 'ENOSPC' })
  await writer.add(Buffer.alloc(500, 8))
  await assert.rejects(writer.flush(), { code: 'ENOSPC' })
  assert.ok(disk.bytes.subarray(0, 1000).equals(Buffer.alloc(1000, 7)))
  assert.ok(disk.bytes.subarray(1000).equals(Buffer.alloc(3000)))
})

it('takes bytes in while earlier ones are written, and waits where two pieces are held', async () => {
  const piece = Buffer.alloc(2 * 2 ** 20, 1)
  const disk = makeDisk({ size: 4 * piece.length })
  const writer = new AppendWriter(disk, 0)
  await writer.add(piece)
  assert.equal(disk.pending, 1, 'the first piece is still being written')
  await writer.add(piece)
  assert.ok(disk.bytes.subarray(0, piece.length).equals(piece), 'the second piece waited for the first')
  await writer.flush()
  assert.equal(writer.end, 2 * piece.length)
})

it('bounds what a server that sends byte by byte can make it hold', async () => {
  const disk = makeDisk()
  const writer = new AppendWriter(disk, 0)
  for (let sent = 0; sent < 1024; sent += 1) await writer.add(Buffer.from('x'))
  assert.equal(disk.pending, 1)
  await writer.flush()
  assert.equal(disk.bytes.toString('latin1', 0, 1024), 'x'.repeat(1024))
})
