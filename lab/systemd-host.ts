import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { GitvirtError } from '../reconciler/lib/errors.ts'
import { run, type ExecOptions, type ExecResult } from '../reconciler/lib/exec.ts'
import { systemdRoot } from './systemd-root.ts'
import { until } from './wait.ts'

const project = join(import.meta.dirname, '..')

/** A Debian host that systemd has booted, in namespaces of its own: services, sandboxes and libvirtd are the real ones. */
export type SystemdHost = {
  /** A folder that the host sees as /lab. */
  readonly lab: string
  /** Words to put before a command so that it runs in the host. */
  readonly enter: readonly string[]
  run(program: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>
  /** Ends the host at once and removes its files. */
  close(): Promise<void>
}

export type SystemdHostOptions = {
  /** Absolute path of an nmstatectl to be on the host's PATH. */
  readonly nmstatectl: string
}

/**
 * Boots a host (some seconds) from the root folder of `systemdRoot`, which stays as it is: what the host writes is kept in memory.
 * This checkout is at /opt/gitvirt, read-only. Needs root and systemd-nspawn (Debian: systemd-container).
 * @throws GitvirtError `LabHostFailed` with the host's last words, or `run`'s
 */
export async function startSystemdHost(options: SystemdHostOptions): Promise<SystemdHost> {
  const root = await systemdRoot()
  const lab = await mkdtemp(join(tmpdir(), 'gitvirt-systemd-'))
  const machine = boot({ root, lab, nmstatectl: options.nmstatectl })
  const close = async (): Promise<void> => {
    await end(machine.child)
    await removeCgroups()
    await rm(lab, { recursive: true, force: true })
  }
  try {
    const leader = await until('the first process of the host', async () => await findLeader(machine.child), { seconds: 30 })
    const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd']
    const enter = ['nsenter', '--target', String(leader), ...namespaces, '--']
    const inside = async (program: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult> =>
      await run('nsenter', [...enter.slice(1), program, ...args], options)
    await until('the host to be up', async () => await isUp(inside), { seconds: 120 })
    return { lab, enter, run: inside, close }
  } catch (error) {
    await close()
    const words = `The systemd host did not come up: ${machine.words()}`
    throw new GitvirtError({ code: 'LabHostFailed', message: words, cause: error })
  }
}

type Machine = { readonly child: ChildProcess; words(): string }

type Parts = { readonly root: string; readonly lab: string; readonly nmstatectl: string }

function boot({ root, lab, nmstatectl }: Parts): Machine {
  const args = ['--quiet', `--directory=${root}`, '--volatile=overlay', `--machine=${basename(lab).toLowerCase()}`]
  const isolation = ['--private-network', '--capability=all', '--link-journal=no', '--console=pipe', '--register=no']
  const binds = [
    `--bind-ro=${project}:/opt/gitvirt`,
    `--bind=${lab}:/lab`,
    '--bind=/dev/net/tun',
    `--bind-ro=${nmstatectl}:/usr/local/bin/nmstatectl`,
  ]
  // Without systemd as the first process of this machine there is nobody to give the host a scope.
  if (!existsSync('/run/systemd/system')) isolation.push('--keep-unit')
  // A PID namespace ends whole with its first process, also when this process is killed and cannot see to it.
  const wrapper = ['--pdeathsig', 'KILL', '--', 'unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--', 'systemd-nspawn']
  const child = spawn('setpriv', [...wrapper, ...args, ...isolation, ...binds, '--boot'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (words = `${words}${chunk.toString()}`.slice(-4000)))
  return { child, words: () => words.trim() }
}

/** The host's init: the process below ours that is the first of the innermost PID namespace. */
async function findLeader(child: ChildProcess): Promise<number | undefined> {
  if (child.exitCode !== null || child.pid === undefined) throw new Error('systemd-nspawn has ended')
  let found: { readonly pid: number; readonly depth: number } | undefined
  for (const pid of await descendants(child.pid)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    const inner = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split('\t') ?? []
    if (inner.at(-1) === '1' && inner.length > (found?.depth ?? 2)) found = { pid, depth: inner.length }
  }
  return found?.pid
}

async function descendants(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = text.split(' ').filter(Boolean).map(Number)
  return [...children, ...(await Promise.all(children.map(descendants))).flat()]
}

/** Units that a container cannot have may fail; what counts is that systemd has carried out its first transaction. */
async function isUp(inside: SystemdHost['run']): Promise<true | undefined> {
  const { stdout } = await inside('systemctl', ['is-system-running'], { okCodes: [1] })
  return /^(running|degraded)$/.test(stdout.trim()) || undefined
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await exited
}

/**
 * Without systemd on this machine nspawn makes these two control groups at the top of each hierarchy and leaves them. Those that another
 * host still uses stay; our own processes may take a moment to be gone.
 */
async function removeCgroups(): Promise<void> {
  if (existsSync('/run/systemd/system')) return
  const hierarchies = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']
  const folders = hierarchies.flatMap((hierarchy) => [join(hierarchy, 'payload'), join(hierarchy, 'supervisor')])
  for (let tries = 0; tries < 30 && folders.some((folder) => existsSync(folder)); tries += 1) {
    for (const folder of folders) await removeCgroup(folder)
    await delay(100)
  }
}

/** A control group is removed as a folder, after those in it; its files cannot be removed, and need not be. */
async function removeCgroup(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeCgroup(join(folder, entry.name))
  await rmdir(folder).catch(() => undefined)
}
