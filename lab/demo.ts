import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { GitvirtError } from '../reconciler/lib/errors.ts'
import { run, type ExecResult } from '../reconciler/lib/exec.ts'
import { demoPorts } from './demo-ports.ts'
import type { FaultLine, Reach } from './demo-servers.ts'
import { forwardPortToSocket } from './forward.ts'
import { tinyGuestImage } from './guest-image.ts'
import { startHost, type LabHost } from './host.ts'
import type { ImageFault } from './image-server.ts'
import { until } from './wait.ts'

const project = join(import.meta.dirname, '..')
const launcher = join(project, 'gitvirt')

/** A whole small fleet on this machine: one KVM host, a Git repository with a clone to work in, an image server, and gitvirt. */
export type Demo = {
  readonly host: LabHost
  /** Bare repository that gitvirt watches over HTTP. */
  readonly repository: string
  /** Clone to edit, commit and push in. */
  readonly clone: string
  /** Folder that the image server serves. */
  readonly images: string
  readonly stateDir: string
  /** kubeconfig that works from outside the host's namespaces. */
  readonly kubeconfig: string
  readonly git: (...args: string[]) => Promise<string>
  /** Runs the gitvirt command against this demo. */
  readonly gitvirt: (...args: string[]) => Promise<ExecResult>
  startGitvirt(): Promise<ChildProcess>
  /** Sets what goes wrong with one path of the image server such as `/disk.qcow2`; without a fault it is served as it is. */
  imageFault(path: string, fault?: Exclude<ImageFault, { readonly kind: 'content' }>): void
  /** Last lines that gitvirt logged. */
  log(): string
  close(): Promise<void>
}

export type DemoOptions = {
  readonly name?: string
  /** Folder for repository and clone; default: below the host's own folder, gone at the end. */
  readonly folder?: string
  /** Files to commit first; default: the example fleet. */
  readonly fleet?: string
  /** Told as each part is ready. */
  readonly progress?: (what: string) => void
  /** `reconciler` starts no agent: agents on other hosts dial in. Default `up`. */
  readonly command?: 'up' | 'reconciler'
  /** More arguments for that command. */
  readonly upArguments?: readonly string[]
  /** True: the Git server takes pushes, as of notes. Default false. */
  readonly push?: boolean
  /** Servers outside that the host reaches on its loopback. */
  readonly reach?: readonly Reach[]
}

/** Starts everything but gitvirt itself; `startGitvirt` does that. What it started ends with `close`, or with this process. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const stack = new AsyncDisposableStack()
  try {
    const image = await tinyGuestImage()
    options.progress?.('guest image')
    const host = stack.adopt(await startHost({ name: options.name ?? 'demo' }), async (value) => await value.close())
    options.progress?.('KVM host')
    const folders = await makeFolders(host, options.folder)
    await symlink(image, join(folders.images, 'tiny-guest.qcow2')).catch(() => undefined)
    await makeRepository(folders, options.fleet ?? join(project, 'examples', 'quickstart'))
    const socket = join(host.dir, 'api.sock')
    const servers = spawnInside(host, [
      process.execPath,
      join(import.meta.dirname, 'demo-servers.ts'),
      JSON.stringify({ gitRoot: folders.root, imageRoot: folders.images, socket, push: options.push ?? false, reach: options.reach ?? [] }),
    ])
    stack.defer(() => void servers.stdin?.end())
    await firstLine(servers)
    options.progress?.('Git and image servers')
    const forward = stack.adopt(await forwardPortToSocket(socket), async (value) => await value.close())
    return assemble({ host, folders, servers, stack: stack.move(), port: forward.port, options })
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

type Folders = {
  readonly root: string
  readonly repository: string
  readonly clone: string
  readonly images: string
  readonly state: string
}

async function makeFolders(host: LabHost, folder: string | undefined): Promise<Folders> {
  const root = folder ?? join(host.dir, 'demo')
  const folders = {
    root,
    repository: join(root, 'fleet.git'),
    clone: join(root, 'fleet'),
    images: join(host.dir, 'images'),
    state: join(host.dir, 'state'),
  }
  for (const path of [folders.root, folders.images, folders.state]) await mkdir(path, { recursive: true })
  return folders
}

const gitIdentity = {
  GIT_AUTHOR_NAME: 'Demo',
  GIT_AUTHOR_EMAIL: 'demo@example.com',
  GIT_COMMITTER_NAME: 'Demo',
  GIT_COMMITTER_EMAIL: 'demo@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
}

async function makeRepository(folders: Folders, fleet: string): Promise<void> {
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', folders.repository], { env: gitIdentity })
  await run('git', ['clone', '--quiet', '--', folders.repository, folders.clone], { env: gitIdentity })
  await run('git', ['-C', folders.clone, 'switch', '--quiet', '--orphan', 'main'], { env: gitIdentity })
  await cp(fleet, folders.clone, { recursive: true })
}

function spawnInside(host: LabHost, command: readonly string[]): ChildProcess {
  const [program = '', ...args] = [...host.enter, ...command]
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  let words = ''
  child.stderr?.on('data', (chunk: Buffer) => (words = `${words}${chunk.toString()}`.slice(-4000)))
  return await new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new GitvirtError({ code: 'DemoFailed', message: `A part of the demo ended with code ${String(code)}: ${words}` })),
    )
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve)
  })
}

type Parts = {
  readonly host: LabHost
  readonly folders: Folders
  readonly stack: AsyncDisposableStack
  readonly servers: ChildProcess
  readonly port: number
  readonly options: DemoOptions
}

function commandLine({ host, folders, options }: Parts): readonly string[] {
  const { command = 'up', upArguments = [] } = options
  const repository = ['--repo', `http://127.0.0.1:${demoPorts.git}/fleet.git`, '--branch', 'main', '--poll', '5s']
  const own = ['--state-dir', folders.state, '--listen', `127.0.0.1:${demoPorts.api}`]
  const agent = command === 'up' ? ['--node', host.name, '--libvirt-uri', host.uri] : []
  return [command, ...repository, ...own, ...agent, ...upArguments]
}

function assemble(parts: Parts): Demo {
  const { host, folders } = parts
  const kubeconfig = join(host.dir, 'kubeconfig')
  let log = ''
  const running = new Set<ChildProcess>()
  const start = async (): Promise<ChildProcess> => {
    const child = spawnInside(host, [launcher, ...commandLine(parts)])
    running.add(child)
    const keep = (chunk: Buffer): void => void (log = `${log}${chunk.toString()}`.slice(-400_000))
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    let ended: number | null | undefined
    child.once('exit', (code) => {
      ended = code
      running.delete(child)
    })
    await until('gitvirt to answer', async () => {
      if (ended !== undefined)
        throw new GitvirtError({ code: 'DemoFailed', message: `gitvirt ended with code ${String(ended)}: ${log.slice(-3000)}` })
      const text = await readFile(join(folders.state, 'kubeconfig'), 'utf8')
      await writeFile(kubeconfig, text.replaceAll(`127.0.0.1:${demoPorts.api}`, `127.0.0.1:${parts.port}`), { mode: 0o600 })
      await run(launcher, ['--kubeconfig', kubeconfig, 'version'])
      return true
    })
    return child
  }
  return {
    host,
    repository: folders.repository,
    clone: folders.clone,
    images: folders.images,
    stateDir: folders.state,
    kubeconfig,
    git: async (...args) => (await run('git', ['-C', folders.clone, ...args], { env: gitIdentity })).stdout,
    gitvirt: async (...args) => await run(launcher, ['--kubeconfig', kubeconfig, ...args], { okCodes: [1, 2], timeout: 120_000 }),
    startGitvirt: start,
    imageFault: (path, fault) => {
      const line: FaultLine = { path, ...(fault === undefined ? {} : { fault }) }
      parts.servers.stdin?.write(`${JSON.stringify(line)}\n`)
    },
    log: () => log,
    close: async () => {
      for (const child of running) child.kill('SIGTERM')
      await parts.stack.disposeAsync()
    },
  }
}
