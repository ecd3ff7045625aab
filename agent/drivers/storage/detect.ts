import { open } from 'node:fs/promises'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'

export type DiskFormat = 'raw' | 'qcow2' | 'vmdk' | 'vpc' | 'vhdx' | 'vdi'
export type Wrapper = 'gz' | 'xz' | 'zst'
export type Content = { readonly wrapper: Wrapper } | { readonly format: DiskFormat }

const headBytes = 65_536

/**
 * Tells by its first bytes, and for fixed VHDs by its last, what a file holds; never by its name.
 * Sources: QEMU's docs/interop/qcow2.txt, VMware's Virtual Disk Format 5.0, Microsoft's VHD and VHDX specifications,
 * RFC 1952 (gzip), RFC 8878 (zstd), the .xz file format.
 */
export function detectContent(head: Buffer, tail: Buffer): Content {
  if (starts(head, '1f8b')) return { wrapper: 'gz' }
  if (starts(head, 'fd377a585a00')) return { wrapper: 'xz' }
  if (starts(head, '28b52ffd')) return { wrapper: 'zst' }
  if (starts(head, '514649fb')) return { format: 'qcow2' }
  if (head.subarray(0, 4).equals(Buffer.from('KDMV')) || head.subarray(0, 4).equals(Buffer.from('COWD'))) return { format: 'vmdk' }
  if (/^\s*# Disk DescriptorFile/.test(head.toString('latin1', 0, 512))) return { format: 'vmdk' }
  if (head.subarray(0, 8).equals(Buffer.from('vhdxfile'))) return { format: 'vhdx' }
  if (head.subarray(0, 8).equals(Buffer.from('conectix')) || tail.subarray(-512, -504).equals(Buffer.from('conectix')))
    return { format: 'vpc' }
  if (head.length > 0x44 && head.readUInt32LE(0x40) === 0xbeda107f) return { format: 'vdi' }
  return { format: 'raw' }
}

/**
 * Refuses what must not be opened by any image library: a file that names other files, or features we cannot judge.
 * @throws GitvirtError `UnsafeImage`
 */
export function checkHeader(format: DiskFormat, head: Buffer): void {
  if (format === 'qcow2') checkQcow2(head)
  if (format === 'vmdk') checkVmdk(head)
}

/** The first 64 KiB and the last 512 bytes of a file. */
export async function readEnds(path: string): Promise<{ readonly head: Buffer; readonly tail: Buffer; readonly size: number }> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const head = Buffer.alloc(Math.min(headBytes, size))
    const tail = Buffer.alloc(Math.min(512, size))
    await file.read(head, 0, head.length, 0)
    await file.read(tail, 0, tail.length, size - tail.length)
    return { head, tail, size }
  } finally {
    await file.close()
  }
}

export function unsafeImage(why: string): GitvirtError {
  return new GitvirtError({
    code: 'UnsafeImage',
    message: `The image is refused: ${why}.`,
    action: 'Publish a standalone image (qemu-img convert makes one) and point the DataVolume to it.',
    terminal: true,
  })
}

/** Offsets and bits: QEMU's docs/interop/qcow2.txt, "Header" and "Header extensions". */
function checkQcow2(head: Buffer): void {
  if (head.length < 104) throw unsafeImage('its qcow2 header is cut off')
  const version = head.readUInt32BE(4)
  if (version !== 2 && version !== 3) throw unsafeImage(`its qcow2 version is ${version}`)
  if (head.readBigUInt64BE(8) !== 0n) throw unsafeImage('it has a backing file')
  if (head.readUInt32BE(32) !== 0) throw unsafeImage('it is encrypted')
  if (version === 2) return
  const incompatible = head.readBigUInt64BE(72)
  if ((incompatible & 4n) !== 0n) throw unsafeImage('it keeps its data in an external file')
  if ((incompatible & ~0x1bn) !== 0n) throw unsafeImage('it uses unknown qcow2 features')
  for (let at = head.readUInt32BE(100); at + 8 <= head.length;) {
    const type = head.readUInt32BE(at)
    if (type === 0) return
    if (type === 0x44415441) throw unsafeImage('it names an external data file')
    at += 8 + Math.ceil(head.readUInt32BE(at + 4) / 8) * 8
  }
}

/** A VMDK whose sparse header has no capacity, or that is a bare descriptor, leads to other files. */
function checkVmdk(head: Buffer): void {
  if (!head.subarray(0, 4).equals(Buffer.from('KDMV'))) throw unsafeImage('it is a VMDK descriptor that names other files')
  if (head.length < 44 || head.readBigUInt64LE(12) === 0n) throw unsafeImage('its VMDK header has no capacity')
  const offset = Number(head.readBigUInt64LE(28)) * 512
  const descriptor = head.toString('latin1', offset, Math.min(head.length, offset + 20 * 512))
  if (/^\s*parentCID\s*=\s*(?!ffffffff)/im.test(descriptor) || /parentFileNameHint/i.test(descriptor))
    throw unsafeImage('it has a parent disk')
  const extents = descriptor.match(/^\s*(?:RW|RDONLY|NOACCESS)\s+\d+\s+\w+/gm) ?? []
  if (extents.length > 1) throw unsafeImage('its data is spread over several files')
}

function starts(head: Buffer, hex: string): boolean {
  const magic = Buffer.from(hex, 'hex')
  return head.subarray(0, magic.length).equals(magic)
}
