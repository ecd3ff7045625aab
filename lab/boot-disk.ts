import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../reconciler/lib/exec.ts'

const sector = 512
const mebibyte = 1024 * 1024

/** Partition types of the PC master boot record: FAT16 with LBA, EFI system partition, Linux. */
export const partitionType = { fat16: 0x0e, efi: 0xef, linux: 0x83 } as const

/** A partition to be: its content is a file whose size is a multiple of 1 MiB. */
export type Partition = { readonly file: string; readonly type: number; readonly active?: boolean }

export type BootPartition = {
  /** The partition's content, written here. */
  readonly file: string
  readonly mebibytes: number
  readonly kernel: string
  readonly initrd: string
  readonly commandLine: string
  /** An EFI boot loader that reads the Boot Loader Specification, for firmware that is not a BIOS. */
  readonly efiLoader?: string
}

/**
 * A FAT16 file system that boots a kernel: with SYSLINUX from a BIOS, and with the given loader from UEFI.
 * It starts at the disk's first mebibyte. Needs mtools, dosfstools and syslinux; no loop mounts.
 * Sources: SYSLINUX wiki "Config"; UAPI group, Boot Loader Specification; UEFI specification, 3.5.1.1 "Removable Media Boot Behavior".
 * @throws GitvirtError as `run`
 */
export async function makeBootPartition(options: BootPartition): Promise<void> {
  const { file, kernel, initrd, commandLine, efiLoader } = options
  await makeSparse(file, options.mebibytes * mebibyte)
  await run('mkfs.vfat', ['-F', '16', '-n', 'BOOT', '-h', String(mebibyte / sector), file])
  const put = async (from: string, to: string): Promise<void> => void (await run('mcopy', ['-i', file, from, `::${to}`]))
  const putText = async (text: string, to: string): Promise<void> => {
    await writeFile(`${file}.text`, text)
    await put(`${file}.text`, to)
  }
  await put(kernel, 'vmlinuz')
  await put(initrd, 'initrd.gz')
  await putText(
    `DEFAULT linux\nPROMPT 0\nTIMEOUT 0\nLABEL linux\n KERNEL /vmlinuz\n APPEND initrd=/initrd.gz ${commandLine}\n`,
    'syslinux.cfg',
  )
  if (efiLoader !== undefined) {
    await run('mmd', ['-i', file, '::EFI', '::EFI/BOOT', '::loader', '::loader/entries'])
    await put(efiLoader, 'EFI/BOOT/BOOTX64.EFI')
    await putText('timeout 0\n', 'loader/loader.conf')
    await putText(`title linux\nlinux /vmlinuz\ninitrd /initrd.gz\noptions ${commandLine}\n`, 'loader/entries/linux.conf')
  }
  await run('syslinux', ['--install', file])
}

/**
 * A disk of up to four primary partitions, one after the other from the first mebibyte on, with SYSLINUX's boot code.
 * Source of the layout: the PC master boot record.
 */
export async function writeDisk(disk: string, partitions: readonly Partition[]): Promise<void> {
  const record = Buffer.alloc(sector)
  const code = await readFile(join('/usr/lib/syslinux/mbr', 'mbr.bin'))
  code.copy(record, 0, 0, Math.min(code.length, 440))
  let start = mebibyte
  const places: { readonly file: string; readonly start: number }[] = []
  for (const [index, partition] of partitions.entries()) {
    const { size } = await stat(partition.file)
    record.set(entryOf(partition, { start, size }), 446 + 16 * index)
    places.push({ file: partition.file, start })
    start += size
  }
  record.writeUInt16LE(0xaa55, 510)
  await makeSparse(disk, start + mebibyte)
  const file = await open(disk, 'r+')
  await file.write(record, 0, sector, 0)
  await file.close()
  for (const place of places) {
    const seek = `seek=${place.start / mebibyte}`
    await run('dd', [`if=${place.file}`, `of=${disk}`, `bs=${mebibyte}`, seek, 'conv=notrunc,sparse', 'status=none'], { timeout: 300_000 })
  }
}

function entryOf(partition: Partition, place: { readonly start: number; readonly size: number }): Buffer {
  const entry = Buffer.alloc(16)
  entry.writeUInt8(partition.active === true ? 0x80 : 0, 0)
  entry.set([0xfe, 0xff, 0xff], 1)
  entry.writeUInt8(partition.type, 4)
  entry.set([0xfe, 0xff, 0xff], 5)
  entry.writeUInt32LE(place.start / sector, 8)
  entry.writeUInt32LE(place.size / sector, 12)
  return entry
}

/** An empty file of so many bytes that takes no room yet. */
export async function makeSparse(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w')
  await file.truncate(bytes)
  await file.close()
}
