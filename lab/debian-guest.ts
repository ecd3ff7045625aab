import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../reconciler/lib/exec.ts'
import { makeBootPartition, makeSparse, partitionType, writeDisk } from './boot-disk.ts'
import { debianSources } from './debian-sources.ts'
import { defaultCache } from './guest-image.ts'

/** What the guest has in it; cloud-init renders networks for systemd-networkd where ifupdown is absent. */
const packages = [
  'systemd-sysv',
  'udev',
  'dbus',
  'linux-image-cloud-amd64',
  'cloud-init',
  'qemu-guest-agent',
  'systemd-boot-efi',
  'iproute2',
  'netbase',
  'kmod',
  'zstd',
]

const rootMiB = 1200
const bootMiB = 96

/** The kernel waits for its root by label, and tells everything on the serial console. */
const commandLine = 'root=LABEL=root ro console=ttyS0 net.ifnames=1 panic=5 quiet'

/** A NIC that cloud-init knows nothing of, such as one that is plugged in later, asks for an address. */
const lateNic = `[Match]
Name=en*
[Network]
DHCP=ipv4
[DHCPv4]
ClientIdentifier=mac
`

/** Only what a plain host gives: no search for clouds on the network. */
const dataSources = 'datasource_list: [ NoCloud, ConfigDrive, None ]\n'

/**
 * A bootable qcow2 disk of some 420 MB with Debian 12, its real cloud-init and QEMU guest agent: boots from BIOS and UEFI,
 * serial console, no accounts that may log in. Built once (about two minutes) and kept in the cache folder; the name carries a
 * digest of what it was built from. Needs root, mmdebstrap, e2fsprogs, mtools, dosfstools and syslinux; no loop mounts.
 * @throws GitvirtError from the Debian tools, with their own words.
 */
export async function debianGuestImage(cache = defaultCache()): Promise<string> {
  const target = join(cache, `debian-guest-${await recipeDigest()}.qcow2`)
  if (await exists(target)) return target
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), 'gv-debian-'))
  const partial = `${target}.partial-${process.pid}`
  try {
    const root = join(work, 'root')
    await makeRoot(root)
    const disk = await makeDisk(work, root)
    await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', disk, partial], { timeout: 300_000 })
    await rename(partial, target)
    return target
  } finally {
    await rm(partial, { force: true })
    await rm(work, { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

async function recipeDigest(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['debian-guest.ts', 'boot-disk.ts']) hash.update(await readFile(join(import.meta.dirname, file)))
  return hash.digest('hex').slice(0, 12)
}

async function makeRoot(root: string): Promise<void> {
  const options = ['--quiet', '--variant=minbase', `--include=${packages.join(',')}`]
  const lean = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'].map((path) => `--dpkgopt=path-exclude=${path}`)
  await run('mmdebstrap', [...options, ...lean, 'bookworm', root, ...(await debianSources())], { timeout: 1_800_000 })
  const files: Readonly<Record<string, string>> = {
    'etc/fstab': 'LABEL=root / ext4 defaults 0 1\n',
    'etc/systemd/network/90-late.network': lateNic,
    'etc/cloud/cloud.cfg.d/90-sources.cfg': dataSources,
    // Waiting for every NIC would hold the boot up for one that has no cable.
    'etc/systemd/system/systemd-networkd-wait-online.service.d/any.conf':
      '[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=60\n',
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true })
    await writeFile(join(root, name), text)
  }
  // An empty machine-id is made anew by each guest at its first boot. Source: machine-id(5).
  await writeFile(join(root, 'etc/machine-id'), '')
  await rm(join(root, 'var/cache/apt'), { recursive: true, force: true })
  await rm(join(root, 'var/lib/apt/lists'), { recursive: true, force: true })
  await mkdir(join(root, 'etc/systemd/system/multi-user.target.wants'), { recursive: true })
  await symlink(
    '/lib/systemd/system/systemd-networkd.service',
    join(root, 'etc/systemd/system/multi-user.target.wants/systemd-networkd.service'),
  )
}

async function makeDisk(work: string, root: string): Promise<string> {
  const names = await readdir(join(root, 'boot'))
  const bootFile = (prefix: string): string => join(root, 'boot', names.find((name) => name.startsWith(prefix)) ?? prefix)
  const boot = join(work, 'boot.raw')
  await makeBootPartition({
    file: boot,
    mebibytes: bootMiB,
    kernel: bootFile('vmlinuz-'),
    initrd: bootFile('initrd.img-'),
    commandLine,
    efiLoader: join(root, 'usr/lib/systemd/boot/efi/systemd-bootx64.efi'),
  })
  await rm(join(root, 'boot'), { recursive: true })
  await mkdir(join(root, 'boot'))
  const system = join(work, 'root.raw')
  await makeSparse(system, rootMiB * 1024 * 1024)
  await run('mke2fs', ['-q', '-t', 'ext4', '-L', 'root', '-d', root, system], { timeout: 300_000 })
  const disk = join(work, 'disk.raw')
  await writeDisk(disk, [
    { file: boot, type: partitionType.efi, active: true },
    { file: system, type: partitionType.linux },
  ])
  return disk
}
