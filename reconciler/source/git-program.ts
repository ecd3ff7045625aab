import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecaError, execa as runExeca } from 'execa'
import { GitvirtError } from '../lib/errors.ts'
import { redact, type Credentials } from './auth.ts'
import { configFile, gitEnvironment } from './git-environment.ts'
import type { Remote } from './options.ts'

export type GitCall = {
  readonly storeDir: string
  readonly args: readonly string[]
  readonly credentials?: Credentials | undefined
  readonly remote?: Remote
  readonly signal?: AbortSignal | undefined
  /** Milliseconds; default 60,000. */
  readonly timeout?: number
  /** Largest file that the program may write, bytes. */
  readonly maxFileBytes?: number
  readonly okCodes?: readonly number[]
  readonly input?: string
}

export type GitAnswer = { readonly stdout: string; readonly exitCode: number }

/** Makes the bare store, or brings its own configuration up to date. */
export async function prepareStore(storeDir: string, remote: Remote): Promise<void> {
  await mkdir(storeDir, { recursive: true, mode: 0o700 })
  await writeFile(join(storeDir, configFile), storeConfig(remote), { mode: 0o600 })
  await runGit({ storeDir, args: ['init', '--quiet', '--bare', '--template='] })
}

function storeConfig(remote: Remote): string {
  const lines = [
    '[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n\tsymlinks = false',
    '[init]\n\tdefaultBranch = main',
    '[protocol]\n\tallow = never\n\tversion = 2',
    ...['http', 'https', 'ssh', 'file'].map((name) => `[protocol "${name}"]\n\tallow = always`),
    '[http]\n\tfollowRedirects = initial\n\tlowSpeedLimit = 100\n\tlowSpeedTime = 60',
    '[credential]\n\thelper =',
    // Keeping packs as they come is far cheaper than unpacking large trees into loose objects.
    '[fetch]\n\tunpackLimit = 1\n\trecurseSubmodules = false',
    '[gc]\n\tauto = 0',
  ]
  // The operator named this folder, so another owner of it is no surprise (git-config(1), safe.directory).
  if (remote.transport === 'local')
    lines.push(`[safe]\n\tdirectory = ${quote(remote.url)}\n\tdirectory = ${quote(join(remote.url, '.git'))}`)
  return `${lines.join('\n')}\n`
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Loaded when it is first needed: its modules take longer to load than a repository to read, which needs none of them. */
async function loadExeca(): Promise<typeof runExeca> {
  return (await import('execa')).execa
}

function isExecaError(error: unknown): error is ExecaError {
  return error instanceof Error && error.name === 'ExecaError'
}

/** True where the git program can be run. */
export async function hasGit(): Promise<boolean> {
  const execa = await loadExeca()
  const result = await execa('git', ['--version'], { reject: false, stdin: 'ignore' })
  return result.exitCode === 0
}

/**
 * Runs git on the store.
 * @throws GitvirtError `HostKeyRefused`, `AuthenticationFailed`, `RefNotFound`, `RepositoryNotFound`, `FetchTooLarge`, `FetchTimedOut` or `FetchFailed`
 */
export async function runGit(call: GitCall): Promise<GitAnswer> {
  const limited = call.maxFileBytes === undefined ? ['git'] : ['prlimit', `--fsize=${call.maxFileBytes}`, '--', 'git']
  const [program = 'git', ...before] = limited
  const execa = await loadExeca()
  const timeout = call.timeout ?? 60_000
  const running = execa(program, [...before, ...call.args], {
    env: gitEnvironment(call.storeDir, call.remote, call.credentials),
    extendEnv: false,
    ...(call.input === undefined ? { stdin: 'ignore' as const } : { input: call.input }),
    timeout,
    maxBuffer: 64 * 1024 * 1024,
    ...(call.signal === undefined ? {} : { cancelSignal: call.signal }),
    // A group of its own: git's helpers do not end with git, and hold on to its output as long as a server keeps them waiting.
    detached: true,
  })
  const end = (): void => endGroup(running.pid)
  groups.add(end)
  const timer = setTimeout(end, timeout)
  call.signal?.addEventListener('abort', end)
  try {
    const result = await running
    return { stdout: result.stdout, exitCode: 0 }
  } catch (error) {
    if (isExecaError(error) && error.exitCode !== undefined && (call.okCodes ?? []).includes(error.exitCode)) {
      return { stdout: String(error.stdout ?? ''), exitCode: error.exitCode }
    }
    throw gitError(call, error)
  } finally {
    clearTimeout(timer)
    groups.delete(end)
    call.signal?.removeEventListener('abort', end)
  }
}

/** A group of its own does not end with ours: whatever ends this process ends what it started. */
const groups = new Set<() => void>()
process.on('exit', () => {
  for (const end of groups) end()
})

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGTERM')
  } catch {
    // Nothing of it runs any more.
  }
}

type Diagnosis = { readonly code: string; readonly words: RegExp; readonly action: string }

const tooLarge: Diagnosis = {
  code: 'FetchTooLarge',
  words: /File too large|file size limit|invalid index-pack output|index-pack died of signal/i,
  action: 'Remove large files from the history, track another repository, or raise the cap on fetched bytes.',
}

const diagnoses: readonly Diagnosis[] = [
  {
    code: 'HostKeyRefused',
    words: /Host key verification failed/i,
    action: "Compare the server's key with what its operator publishes, and put it into the known_hosts of the user that gitvirt runs as.",
  },
  {
    code: 'AuthenticationFailed',
    words: /Permission denied \(/i,
    action: "Give the public key of the user that gitvirt runs as to the repository's owner, to read it.",
  },
  {
    code: 'AuthenticationFailed',
    words: /Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|returned error: 40[13]/i,
    action: 'Check the token or password of the repository, and that its owner may read the repository.',
  },
  {
    code: 'RefNotFound',
    words: /couldn't find remote ref|not our ref|unadvertised object|bad object/i,
    action: 'Check the name of the branch, tag or commit.',
  },
  {
    code: 'RepositoryNotFound',
    words: /does not appear to be a git repository|repository .* not found|returned error: 404|does not exist/i,
    action: 'Check the address of the repository, and that the credentials may read it.',
  },
  tooLarge,
]

/** What git adds to every failure of a transport: it says nothing, and pushes ssh's own words out of the last lines. */
const padding =
  /^(?:fatal: Could not read from remote repository\.|Please make sure you have the correct access rights|and the repository exists\.)?$/

/** The last lines that say something, bounded, on one line. */
function lastWords(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  const telling = lines.filter((line) => !padding.test(line))
  return (telling.length === 0 ? lines.filter((line) => line !== '') : telling).slice(-4).join(' | ').slice(-1500)
}

function gitError(call: GitCall, error: unknown): GitvirtError {
  if (!isExecaError(error)) return new GitvirtError({ code: 'FetchFailed', message: String(error), cause: error })
  const where = call.remote === undefined ? '' : ` from ${call.remote.url}`
  const words = lastWords(redact(String(error.stderr ?? ''), call.credentials))
  const said = words === '' ? redact(error.shortMessage, call.credentials) : words
  const message = `git ${call.args[0] ?? ''}${where} failed: ${said}`
  if (error.timedOut) {
    return new GitvirtError({ code: 'FetchTimedOut', message: `git ${call.args[0] ?? ''}${where} did not end in time: ${said}` })
  }
  if (error.signal === 'SIGXFSZ') return new GitvirtError({ code: 'FetchTooLarge', message, action: tooLarge.action })
  const known = diagnoses.find((diagnosis) => diagnosis.words.test(words))
  if (known !== undefined) return new GitvirtError({ code: known.code, message, action: known.action })
  return new GitvirtError({ code: 'FetchFailed', message, action: 'Check that the repository can be reached from this machine.' })
}
