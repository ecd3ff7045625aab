import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../reconciler/lib/exec.ts'
import { debianSources } from './debian-sources.ts'
import { defaultCache } from './guest-image.ts'

/** What docs/operator.md lets a host install and the guests of the tests need, and what makes Debian boot. */
const packages = [
  'systemd-sysv',
  'dbus',
  'libvirt-daemon-system',
  'libvirt-clients',
  'qemu-system-x86',
  'qemu-utils',
  'dnsmasq-base',
  'genisoimage',
  'nftables',
  'iptables',
  'iproute2',
  'iputils-ping',
  'procps',
  'xz-utils',
  'ca-certificates',
  'git',
  'libatomic1',
]

/** A namespace on a machine with cgroup v1 has no v2 controllers to give to guests. */
const qemuConfig = 'security_driver = "none"\ncgroup_controllers = []\nnamespaces = []\nstdio_handler = "file"\n'

/**
 * The root folder of a Debian host with systemd, D-Bus and libvirt, as an operator has it before gitvirt is installed; built once
 * into the cache (about three minutes, some 900 MB). Needs root and mmdebstrap.
 * @throws GitvirtError as `run`
 */
export async function systemdRoot(cache = defaultCache()): Promise<string> {
  const recipe = await readFile(join(import.meta.dirname, 'systemd-root.ts'))
  const root = join(cache, `systemd-${createHash('sha256').update(recipe).digest('hex').slice(0, 16)}`)
  if (await stat(root).catch(() => undefined)) return root
  await mkdir(cache, { recursive: true })
  const building = await mkdtemp(join(cache, 'building-'))
  try {
    await build(building)
    await rename(building, root)
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    throw error
  }
  return root
}

async function build(root: string): Promise<void> {
  await chmod(root, 0o755)
  const lean = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'].map((path) => `--dpkgopt=path-exclude=${path}`)
  const options = ['--quiet', '--variant=minbase', `--include=${packages.join(',')}`, ...lean]
  await run('mmdebstrap', [...options, 'bookworm', root, ...(await debianSources())], { timeout: 1_800_000 })
  for (const folder of ['var/cache/apt', 'var/lib/apt/lists']) await rm(join(root, folder), { recursive: true, force: true })
  await writeFile(join(root, 'etc/libvirt/qemu.conf'), qemuConfig)
  await writeFile(join(root, 'etc/fstab'), '')
  await writeFile(join(root, 'etc/machine-id'), '')
  // What an operator does by hand: the checkout is in /opt/gitvirt (bound there when the host starts), the command on the PATH.
  await mkdir(join(root, 'opt/gitvirt'), { recursive: true })
  await symlink('/opt/gitvirt/gitvirt', join(root, 'usr/local/bin/gitvirt'))
}
