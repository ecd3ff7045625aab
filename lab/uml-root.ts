import { createHash } from 'node:crypto'
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run } from '../reconciler/lib/exec.ts'
import { debianSources } from './debian-sources.ts'

/** What a User-mode Linux host has in it. */
const packages = ['systemd-sysv', 'udev', 'dbus', 'network-manager', 'kmod', 'iproute2', 'iputils-ping']

const kernelModules = '/usr/lib/uml/modules'

/** Carries out commands that the other side puts into /lab/queue: argv is NUL-separated, rc appears last. */
const worker = `#!/bin/bash
shopt -s nullglob
mkdir -p /lab/queue
touch /lab/ready
while :; do
  for job in /lab/queue/*.ready; do
    work="\${job%.ready}.work"
    mv "$job" "$work"
    (
      mapfile -d '' -t argv < "$work/argv"
      "\${argv[@]}" < "$work/stdin" > "$work/stdout" 2> "$work/stderr"
      echo $? > "$work/rc.new"
      mv "$work/rc.new" "$work/rc"
    ) &
  done
  sleep 0.1
done
`

const unit = `[Unit]
Description=Carries out the lab's commands
After=dbus.service NetworkManager.service

[Service]
ExecStart=/lab/worker
KillMode=process
StandardOutput=null

[Install]
WantedBy=multi-user.target
`

/** Everything but the NICs that a test hands over is left to the kernel. */
const managerConfig = `[main]
plugins=keyfile
no-auto-default=*
[keyfile]
unmanaged-devices=interface-name:p*
`

/**
 * The root folder of a User-mode Linux host with systemd, D-Bus, NetworkManager and nmstatectl, built once into the cache.
 * Needs root and Debian's user-mode-linux and mmdebstrap; building takes about a minute.
 * @param nmstatectl absolute path of the program to put in
 * @throws GitvirtError as `run`
 */
export async function umlRoot(nmstatectl: string): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'gitvirt')
  const { size, mtimeMs } = await stat(nmstatectl)
  const kernels = await readdir(kernelModules)
  const recipe = JSON.stringify([packages, worker, unit, managerConfig, kernels, size, mtimeMs])
  const root = join(cache, `uml-${createHash('sha256').update(recipe).digest('hex').slice(0, 16)}`)
  if (await stat(root).catch(() => undefined)) return root
  await mkdir(cache, { recursive: true })
  const building = await mkdtemp(join(cache, 'building-'))
  try {
    await build(building, { nmstatectl, kernels })
    await rename(building, root)
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    if (await stat(root).catch(() => undefined)) return root
    throw error
  }
  return root
}

type Parts = { readonly nmstatectl: string; readonly kernels: readonly string[] }

async function build(root: string, { nmstatectl, kernels }: Parts): Promise<void> {
  await chmod(root, 0o755)
  await run(
    'mmdebstrap',
    ['--quiet', '--variant=minbase', `--include=${packages.join(',')}`, 'bookworm', root, ...(await debianSources())],
    {
      timeout: 900_000,
    },
  )
  for (const kernel of kernels) {
    await cp(join(kernelModules, kernel), join(root, 'usr/lib/modules', kernel), { recursive: true })
    await run('depmod', ['-b', root, kernel])
  }
  await copyFile(nmstatectl, join(root, 'usr/local/bin/nmstatectl'))
  await chmod(join(root, 'usr/local/bin/nmstatectl'), 0o755)
  await mkdir(join(root, 'lab'))
  await writeFile(join(root, 'lab/worker'), worker, { mode: 0o755 })
  await writeFile(join(root, 'etc/systemd/system/lab-worker.service'), unit)
  await symlink('/etc/systemd/system/lab-worker.service', join(root, 'etc/systemd/system/multi-user.target.wants/lab-worker.service'))
  await writeFile(join(root, 'etc/NetworkManager/conf.d/lab.conf'), managerConfig)
  await writeFile(join(root, 'etc/modules-load.d/lab.conf'), ['bonding', '8021q', 'dummy', 'veth', 'bridge', 'tun', ''].join('\n'))
  await writeFile(join(root, 'etc/fstab'), '')
}
