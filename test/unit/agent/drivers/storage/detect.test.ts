import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as fc from 'fast-check'
import { parseChecksum } from '../../../../../agent/drivers/storage/checksum.ts'
import { checkHeader, detectContent } from '../../../../../agent/drivers/storage/detect.ts'
import { retryDelay } from '../../../../../agent/drivers/storage/ensure.ts'

const none = Buffer.alloc(512)

function qcow2(change: (header: Buffer) => void = () => undefined): Buffer {
  const header = Buffer.alloc(4096)
  header.write('QFI\xfb', 'latin1')
  header.writeUInt32BE(3, 4)
  header.writeUInt32BE(104, 100)
  change(header)
  return header
}

it('tells a format by its bytes', () => {
  const cases: [string, Buffer, Buffer][] = [
    ['qcow2', qcow2(), none],
    ['vmdk', Buffer.from('KDMV'), none],
    ['vhdx', Buffer.from('vhdxfile'), none],
    ['vpc', Buffer.from('conectix'), none],
    ['vpc', none, Buffer.concat([Buffer.from('conectix'), Buffer.alloc(504)])],
    ['raw', Buffer.alloc(0), Buffer.alloc(0)],
    ['raw', Buffer.from('<html>'), none],
  ]
  for (const [format, head, tail] of cases) assert.deepEqual(detectContent(head, tail), { format })
  assert.deepEqual(detectContent(Buffer.from('28b52ffd', 'hex'), none), { wrapper: 'zst' })
})

it('never fails on any bytes, and refuses a header only with UnsafeImage', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('QFI\xfb\0\0\0\x03', 'KDMV', ''), (bytes, prefix) => {
      const head = Buffer.concat([Buffer.from(prefix, 'latin1'), Buffer.from(bytes)])
      const content = detectContent(head, head.subarray(-512))
      try {
        if ('format' in content) checkHeader(content.format, head)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'UnsafeImage')
      }
    }),
    { numRuns: 1000 },
  )
})

it('accepts a plain qcow2 header and refuses one that leads elsewhere', () => {
  checkHeader('qcow2', qcow2())
  const bad: ((header: Buffer) => void)[] = [
    (header) => header.writeBigUInt64BE(512n, 8),
    (header) => header.writeUInt32BE(1, 32),
    (header) => header.writeBigUInt64BE(4n, 72),
    (header) => header.writeBigUInt64BE(32n, 72),
    (header) => header.writeUInt32BE(0x44415441, 104),
    (header) => header.writeUInt32BE(9, 4),
  ]
  for (const change of bad) assert.throws(() => checkHeader('qcow2', qcow2(change)), { code: 'UnsafeImage', terminal: true })
})

it('reads checksums as CDI writes them', () => {
  assert.deepEqual(parseChecksum(`SHA256:${'A'.repeat(64)}`), { algorithm: 'sha256', hex: 'a'.repeat(64) })
  assert.equal(parseChecksum(undefined), undefined)
  for (const bad of ['md5', 'md5:', 'crc32:00000000', `sha256:${'0'.repeat(63)}`, `constructor:${'0'.repeat(32)}`]) {
    assert.throws(() => parseChecksum(bad), { code: 'InvalidChecksum' }, bad)
  }
})

it('waits twice as long after each failure, up to five minutes', () => {
  assert.deepEqual(
    [0, 1, 2, 8, 9, 1000].map((restarts) => retryDelay(restarts, () => 0.5)),
    [1000, 2000, 4000, 256_000, 300_000, 300_000],
  )
})
