import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { GitvirtError } from '../reconciler/lib/errors.ts'
import { run, type ExecOptions, type ExecResult } from '../reconciler/lib/exec.ts'

/** A KVM host on this machine: a network, mount and UTS namespace with a libvirtd of its own. */
export type LabHost = {
  readonly name: string
  /** Network namespace, as `ip netns` knows it. */
  readonly netns: string
  /** Folder of the host: run/ (libvirt's sockets), lib/, log/, etc/. Removed at close. */
  readonly dir: string
  /** libvirt connection URI; usable from outside the namespaces too. */
  readonly uri: string
  /** Words to put before a command so that it runs on this host. */
  readonly enter: readonly string[]
  run(program: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>
  virsh(...args: string[]): Promise<string>
  /** Ends every process of the host, guests included, and removes its namespaces and files. */
  close(): Promise<void>
}

export type LabHostOptions = {
  /** Short; also the host name. */
  readonly name: string
  /** False: namespaces only, no libvirtd. Default true. */
  readonly libvirt?: boolean
}

type Ready = { readonly pid: number; readonly netns: string }

/**
 * Starts a host. Its supervisor is a process of its own that tears the host down when `close` is called
 * or when this process ends in whatever way, so that nothing outlives a crashed test.
 * @throws GitvirtError `LabHostFailed` with the supervisor's words.
 */
export async function startHost(options: LabHostOptions): Promise<LabHost> {
  const dir = await mkdtemp(join(tmpdir(), `gv-${options.name}-`))
  const supervisor = spawn(
    process.execPath,
    [join(import.meta.dirname, 'host-supervisor.ts'), JSON.stringify({ name: options.name, dir, libvirt: options.libvirt ?? true })],
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  )
  const ready = await readReady(supervisor)
  const enter = ['nsenter', '--target', String(ready.pid), '--mount', '--uts', '--net', '--']
  const uri = `qemu+unix:///system?socket=${join(dir, 'run', 'libvirt-sock')}`
  const inside = async (program: string, args: readonly string[], execOptions?: ExecOptions): Promise<ExecResult> =>
    await run('nsenter', [...enter.slice(1), program, ...args], execOptions)
  return {
    name: options.name,
    netns: ready.netns,
    dir,
    uri,
    enter,
    run: inside,
    virsh: async (...args) => (await run('virsh', ['-c', uri, ...args])).stdout,
    close: async () => await endSupervisor(supervisor),
  }
}

async function readReady(supervisor: ChildProcess): Promise<Ready> {
  let words = ''
  supervisor.stderr?.on('data', (chunk: Buffer) => (words = `${words}${chunk.toString()}`.slice(-4000)))
  const ended = new Promise<never>((_, reject) => {
    supervisor.once('exit', (code) => {
      reject(
        new GitvirtError({ code: 'LabHostFailed', message: `The lab host did not start (exit code ${String(code)}): ${words.trim()}` }),
      )
    })
  })
  ended.catch(() => undefined)
  if (supervisor.stdout === null) throw new GitvirtError({ code: 'LabHostFailed', message: 'The supervisor has no output.' })
  const lines = createInterface({ input: supervisor.stdout })
  const first = new Promise<string>((resolve) => lines.once('line', resolve))
  return JSON.parse(await Promise.race([first, ended])) as Ready
}

async function endSupervisor(supervisor: ChildProcess): Promise<void> {
  if (supervisor.exitCode !== null || supervisor.signalCode !== null) return
  const exited = new Promise<void>((resolve) => supervisor.once('exit', () => resolve()))
  supervisor.stdin?.end()
  await exited
}
