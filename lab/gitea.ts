import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { GitvirtError } from '../reconciler/lib/errors.ts'
import { run } from '../reconciler/lib/exec.ts'
import { giteaFolder, version } from '../scripts/gitea.mjs'
import { freePort } from './free-port.ts'
import { defaultCache } from './guest-image.ts'
import { giteaApi, type GiteaApi } from './gitea-api.ts'
import { giteaConfig } from './gitea-config.ts'
import { makeKey } from './ssh-server.ts'
import { until } from './wait.ts'

/** A Gitea on loopback with a database of its own. */
export type Gitea = GiteaApi & {
  readonly url: string
  /** Line of an allowed_signers file for the key with which it signs the merges it makes. */
  readonly signer: string
  /** Authority, in PEM, of servers that its hooks are sent to; to be told before the first hook. */
  trust(ca: string): Promise<void>
  /** Last lines of its log. */
  log(): string
  close(): Promise<void>
}

/** Where the program is, or undefined: the folder that the set-up builds it into first, then PATH where it is of that version or later. */
function findGitea(): string | undefined {
  const folders = [giteaFolder(defaultCache()), ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')]
  return folders.map((folder) => join(folder, 'gitea')).find((path) => existsSync(path) && isEnough(path))
}

const plainVersion = version.slice(1)

function isEnough(program: string): boolean {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 20_000 })
  const found = /^gitea version (\d+\.\d+\.\d+)/i.exec(stdout ?? '')?.[1]
  return found !== undefined && found.localeCompare(plainVersion, 'en', { numeric: true }) >= 0
}

/** Why no Gitea can be started here, or false. */
export function giteaSkipReason(): string | false {
  if (findGitea() !== undefined) return false
  const none = `there is no Gitea ${plainVersion} or later on PATH and none was built`
  return `${none}: put Go 1.26.2 or later on PATH and run "node scripts/bootstrap.mjs forge"`
}

/**
 * Gitea refuses to be root: it runs in a user namespace as another user, who owns what root owns here. User 1 is in every /etc/passwd,
 * without which ssh-keygen signs nothing. It ends with this process.
 */
const asSomebody = ['--user', '--map-user=1', '--map-group=1', '--', 'setpriv', '--pdeathsig', 'TERM', '--']
/** It makes its tables at the first start, on machines that may be busy. */
const startSeconds = 180

/**
 * Starts Gitea in a temporary folder.
 * @throws GitvirtError `GiteaFailed` with its log
 */
export async function startGitea(): Promise<Gitea> {
  const program = findGitea()
  if (program === undefined) throw new GitvirtError({ code: 'GiteaFailed', message: giteaSkipReason() || '' })
  const { dir, url, signer, authorities, call, env } = await prepare(program)
  const child = spawn('unshare', call('web'), { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = keepLog(child)
  const close = async (): Promise<void> => {
    await end(child)
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const state = await until('Gitea', async () => await stateOf(child, `${url}/api/healthz`), { seconds: startSeconds })
    if (state === 'ended') throw new Error('it ended at once')
    const made = await run('unshare', call('admin', 'user', 'create', ...operator()), { env, onlyEnv: true })
    const token = /\b[0-9a-f]{40}\b/.exec(made.stdout)?.[0] ?? ''
    return { url, signer, ...giteaApi(`${url}/api/v1`, token), trust: async (ca) => await writeFile(authorities, ca), log, close }
  } catch (cause) {
    await close()
    throw new GitvirtError({ code: 'GiteaFailed', message: `Gitea did not start: ${String(cause)}\n${log()}`, cause })
  }
}

type Prepared = Pick<Gitea, 'url' | 'signer'> & {
  readonly dir: string
  /** File of the authorities that it trusts. */
  readonly authorities: string
  readonly env: Readonly<Record<string, string>>
  /** Arguments of unshare(1) for one of the program's own commands. */
  readonly call: (...command: string[]) => string[]
}

async function prepare(program: string): Promise<Prepared> {
  const dir = await mkdtemp(join(tmpdir(), 'gv-gitea-'))
  const authorities = join(dir, 'authorities.pem')
  const config = join(dir, 'app.ini')
  const [signing, empty] = [join(dir, 'signing'), join(dir, 'custom')]
  const port = await freePort()
  const signer = `gitea@example.org ${await makeKey(signing)}\n`
  await writeFile(config, giteaConfig({ dir, port, signing, program }), { mode: 0o600 })
  await writeFile(authorities, '')
  await mkdir(empty)
  return {
    dir,
    url: `http://127.0.0.1:${port}`,
    signer,
    authorities,
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, USER: 'gitea', SSL_CERT_FILE: authorities, SSL_CERT_DIR: empty },
    call: (...command) => [...asSomebody, program, ...command, '--config', config, '--work-path', dir],
  }
}

/** Options that make the site's operator, with a token for everything. */
function operator(): string[] {
  const password = randomBytes(12).toString('hex')
  const account = ['--username', 'operator', '--password', password, '--email', 'operator@example.org', '--admin']
  return [...account, '--must-change-password=false', '--access-token', '--access-token-name', 'lab', '--access-token-scopes', 'all']
}

async function stateOf(child: ChildProcess, address: string): Promise<'up' | 'ended' | undefined> {
  if (child.exitCode !== null || child.signalCode !== null) return 'ended'
  return (await fetch(address)).ok ? 'up' : undefined
}

function keepLog(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part: Buffer) => (text = `${text}${part.toString()}`.slice(-20_000)))
  child.once('error', (error) => (text += error.message))
  return () => text
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await gone
  clearTimeout(timer)
}
