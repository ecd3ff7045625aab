import { createHash } from 'node:crypto'
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, access } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { GitvirtError } from '../reconciler/lib/errors.ts'
import { run } from '../reconciler/lib/exec.ts'
import { makeBootPartition, partitionType, writeDisk } from './boot-disk.ts'

/** The drivers that the tiny guest needs; their dependencies come along. */
const modules = 'virtio_pci virtio_blk virtio_scsi virtio_net virtio_console virtio_rng sd_mod sr_mod isofs button evdev rng_core'.split(
  ' ',
)
const diskMiB = 48

/**
 * A bootable qcow2 disk of about 20 MB: Debian's cloud kernel, busybox and lab/guest/init, which reads a cloud-init seed.
 * Built once and kept in the cache folder; the name carries a digest of what it was built from.
 * @throws GitvirtError from the Debian tools, with their own words.
 */
export async function tinyGuestImage(cache = defaultCache()): Promise<string> {
  const target = join(cache, `tiny-guest-${await recipeDigest()}.qcow2`)
  if (await exists(target)) return target
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), 'gv-guest-'))
  try {
    const kernel = await unpackKernel(work)
    const initrd = await buildInitramfs(work, kernel)
    const disk = await buildDisk(work, kernel.image, initrd)
    const partial = `${target}.partial-${process.pid}`
    await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', disk, partial])
    await rename(partial, target)
    return target
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Where the lab keeps what is slow to make. */
export function defaultCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'gitvirt')
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

async function recipeDigest(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['guest/init', 'guest/udhcpc', 'guest-image.ts', 'boot-disk.ts'])
    hash.update(await readFile(join(import.meta.dirname, file)))
  return hash.digest('hex').slice(0, 12)
}

type Kernel = { readonly root: string; readonly version: string; readonly image: string }

/** The package is downloaded and unpacked, never installed. */
async function unpackKernel(work: string): Promise<Kernel> {
  const { stdout } = await run('apt-cache', ['depends', 'linux-image-cloud-amd64'])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (name === undefined) {
    throw new GitvirtError({
      code: 'KernelNotFound',
      message: 'Debian knows no linux-image-cloud-amd64.',
      action: 'Run "apt-get update" as root.',
    })
  }
  await run('apt-get', ['download', '-q', name], { cwd: work, timeout: 300_000 })
  const archive = (await readdir(work)).find((file) => file.endsWith('.deb')) ?? ''
  const root = join(work, 'kernel')
  await run('dpkg-deb', ['-x', join(work, archive), root], { timeout: 120_000 })
  const version = (await readdir(join(root, 'lib', 'modules')))[0] ?? ''
  await run('depmod', ['-b', root, version])
  return { root, version, image: join(root, 'boot', `vmlinuz-${version}`) }
}

async function buildInitramfs(work: string, kernel: Kernel): Promise<string> {
  const root = join(work, 'initramfs')
  for (const folder of ['bin', 'dev', 'etc', 'proc', 'sys', 'lib']) await mkdir(join(root, folder), { recursive: true })
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'))
  await symlink('busybox', join(root, 'bin', 'sh'))
  await copyFile(join(import.meta.dirname, 'guest', 'init'), join(root, 'init'))
  await copyFile(join(import.meta.dirname, 'guest', 'udhcpc'), join(root, 'etc', 'udhcpc'))
  for (const script of ['init', 'etc/udhcpc']) await chmod(join(root, script), 0o755)
  await copyModules(kernel, root)
  const files = (await run('find', ['.', '-print0'], { cwd: root })).stdout
  const archive = join(work, 'initrd')
  await run('cpio', ['--null', '--create', '--format=newc', '--quiet', '--file', archive], { cwd: root, input: files })
  await run('gzip', ['-9', archive])
  return `${archive}.gz`
}

async function copyModules(kernel: Kernel, root: string): Promise<void> {
  for (const module of modules) {
    const { stdout } = await run('modprobe', ['-d', kernel.root, '-S', kernel.version, '--show-depends', module], { okCodes: [1] })
    for (const line of stdout.split('\n')) {
      const file = /^insmod (\S+)/.exec(line)?.[1]
      if (file === undefined) continue
      const relative = file.slice(kernel.root.length)
      await cp(file, join(root, relative))
    }
  }
  await run('depmod', ['-b', root, kernel.version])
}

/** One FAT file system with syslinux on it, behind a master boot record. */
async function buildDisk(work: string, kernel: string, initrd: string): Promise<string> {
  const disk = join(work, 'disk.raw')
  const partition = join(work, 'partition.raw')
  const commandLine = 'console=ttyS0 quiet panic=5 tsc=reliable'
  await makeBootPartition({ file: partition, mebibytes: diskMiB - 2, kernel, initrd, commandLine })
  await writeDisk(disk, [{ file: partition, type: partitionType.fat16, active: true }])
  return disk
}
