import { spawn, type ChildProcess } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { GitvirtError } from '../reconciler/lib/errors.ts'
import { run } from '../reconciler/lib/exec.ts'
import { freePort } from './free-port.ts'
import { defaultCache } from './guest-image.ts'

/** An OpenSSH server on loopback that lets root in by keys. */
export type SshServer = {
  readonly port: number
  /** The server's line for a known_hosts file. */
  readonly knownHost: string
  close(): Promise<void>
}

/**
 * Starts sshd with a host key of its own, in a mount namespace, so that nothing of the machine's own ssh is read or changed.
 * It ends with this process.
 * @param authorizedKeys text of an authorized_keys file
 * @throws GitvirtError of the Debian tools, or `SshServerFailed`
 */
export async function startSshServer(authorizedKeys: string): Promise<SshServer> {
  const sshd = await findSshd()
  const dir = await mkdtemp(join(tmpdir(), 'gv-sshd-'))
  const hostKey = await makeKey(join(dir, 'host'))
  const port = await freePort()
  await writeFile(join(dir, 'authorized_keys'), authorizedKeys, { mode: 0o600 })
  await writeFile(join(dir, 'config'), configOf(dir, port))
  const config = JSON.stringify({ dir, ...sshd })
  const child = spawn('unshare', ['--mount', '--', process.execPath, join(import.meta.dirname, 'ssh-server-inner.ts'), config], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const close = async (): Promise<void> => {
    child.stdin.end()
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await untilListening(child)
  } catch (error) {
    await close()
    throw error
  }
  return { port, knownHost: `[127.0.0.1]:${port} ${hostKey}`, close }
}

/** Makes an ed25519 key pair in two files, `path` and `path.pub`. Resolves with the public key's text. */
export async function makeKey(path: string): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', path])
  return (await readFile(`${path}.pub`, 'utf8')).trim()
}

function configOf(dir: string, port: number): string {
  const lines = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${join(dir, 'host')}`,
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
  ]
  return `${lines.join('\n')}\n`
}

type Sshd = { readonly program: string; readonly libraries: string }

/** The machine's sshd, or Debian's package: it is unpacked, never installed, because its installation starts a service. */
async function findSshd(): Promise<Sshd> {
  if (await exists('/usr/sbin/sshd')) return { program: '/usr/sbin/sshd', libraries: '' }
  const root = join(defaultCache(), 'openssh-server')
  if (!(await exists(root))) await unpack(['openssh-server', 'libwrap0'], root)
  const folder = join(root, 'usr', 'lib')
  const libraries = (await readdir(folder)).map((name) => join(folder, name)).join(':')
  return { program: join(root, 'usr', 'sbin', 'sshd'), libraries }
}

async function unpack(packages: readonly string[], root: string): Promise<void> {
  await mkdir(defaultCache(), { recursive: true })
  const work = await mkdtemp(join(defaultCache(), 'unpack-'))
  try {
    await run('apt-get', ['download', '-q', ...packages], { cwd: work, timeout: 120_000 })
    for (const name of await readdir(work)) {
      if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', join(work, name), join(work, 'root')])
    }
    await rename(join(work, 'root'), root)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

async function untilListening(child: ChildProcess): Promise<void> {
  const words: string[] = []
  const listening = Promise.withResolvers<void>()
  const fail = (): void =>
    listening.reject(new GitvirtError({ code: 'SshServerFailed', message: `sshd did not start: ${words.slice(-5).join(' | ')}` }))
  if (child.stderr === null) return fail()
  createInterface({ input: child.stderr }).on('line', (line) => {
    words.push(line)
    if (line.startsWith('Server listening')) listening.resolve()
  })
  child.once('exit', fail)
  await listening.promise
}
