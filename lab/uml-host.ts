import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, type ExecOptions, type ExecResult } from '../reconciler/lib/exec.ts'
import { umlRoot } from './uml-root.ts'
import { until } from './wait.ts'

/** A User-mode Linux host: its kernel has what this machine's may lack (bonding, VLANs), and it runs NetworkManager. */
export type UmlHost = {
  /** Root folder of the host, its own copy. */
  readonly root: string
  /** Words to put before a command so that it runs in the host. */
  readonly enter: readonly string[]
  run(program: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>
  /** Ends the host at once and removes its files. */
  close(): Promise<void>
}

export type UmlHostOptions = {
  /** Absolute path of nmstatectl. */
  readonly nmstatectl: string
  /** Mebibytes; default 512. */
  readonly memory?: number
}

/**
 * Boots a host (about 20 s) and waits until NetworkManager runs in it.
 * @throws GitvirtError `WaitedInVain` when it does not come up, or `run`'s
 */
export async function startUmlHost(options: UmlHostOptions): Promise<UmlHost> {
  const folder = await mkdtemp(join(tmpdir(), 'gitvirt-uml-'))
  const root = join(folder, 'root')
  let kernel: ChildProcess | undefined
  const close = async (): Promise<void> => {
    if (kernel !== undefined) await end(kernel)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await run('cp', ['-a', '--reflink=auto', '--', await umlRoot(options.nmstatectl), root], { timeout: 300_000 })
    kernel = boot(folder, root, options.memory ?? 512)
    const enter = [process.execPath, join(import.meta.dirname, 'uml-exec.ts'), root]
    const inside = async (program: string, args: readonly string[], how?: ExecOptions): Promise<ExecResult> =>
      await run(process.execPath, [...enter.slice(1), program, ...args], how)
    await until('the User-mode Linux host to boot', () => stat(join(root, 'lab/ready')), { seconds: 120 })
    await until('NetworkManager to run', async () =>
      (await inside('nmcli', ['--terse', '-f', 'RUNNING', 'general'])).stdout.includes('running'),
    )
    return { root, enter, run: inside, close }
  } catch (error) {
    await close()
    throw error
  }
}

function boot(folder: string, root: string, memory: number): ChildProcess {
  const args = [
    `mem=${memory}M`,
    'root=/dev/root',
    'rootfstype=hostfs',
    `rootflags=${root}`,
    'rw',
    'init=/sbin/init',
    'quiet',
    `uml_dir=${folder}`,
    'con0=null,fd:1',
    'con=null',
  ]
  // A PID namespace ends whole with its first process, also when this process is killed and cannot see to it.
  const wrapper = ['--pdeathsig', 'KILL', '--', 'unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--', 'linux.uml']
  return spawn('setpriv', [...wrapper, ...args], { stdio: ['ignore', 'ignore', 'ignore'], detached: true })
}

async function end(kernel: ChildProcess): Promise<void> {
  if (kernel.exitCode !== null || kernel.signalCode !== null || kernel.pid === undefined) return
  const exited = once(kernel, 'exit')
  process.kill(-kernel.pid, 'SIGKILL')
  await exited
}
