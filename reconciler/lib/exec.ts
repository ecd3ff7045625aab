import type { ExecaError } from 'execa'
import { GitvirtError } from './errors.ts'

export type ExecOptions = {
  readonly input?: string | Uint8Array
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** True: the program sees `env` and nothing of our own environment. */
  readonly onlyEnv?: boolean
  /** Milliseconds; default 60,000. The program is killed at its end. */
  readonly timeout?: number
  /** Most bytes kept of each of stdout and stderr; default 16 MiB. */
  readonly maxBytes?: number
  /** How stdout and stderr become text; latin1 keeps bytes as they are. Default utf8. */
  readonly encoding?: 'utf8' | 'latin1'
  readonly signal?: AbortSignal
  /** Exit codes that are not failures; default only 0. */
  readonly okCodes?: readonly number[]
}

export type ExecResult = { readonly stdout: string; readonly stderr: string; readonly exitCode: number }

/**
 * Runs a program with an argument array, never through a shell, with bounded time and output.
 * @throws GitvirtError `CommandNotFound`, `CommandTimedOut`, `OutputTooLarge` or `CommandFailed`, with the program's own last words in the message.
 */
export async function run(program: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  // It takes long to load, and most commands run no program.
  const library = await import('execa')
  try {
    const result = await library.execa(program, args, {
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      env: { LC_ALL: 'C', ...options.env },
      extendEnv: options.onlyEnv !== true,
      timeout: options.timeout ?? 60_000,
      maxBuffer: options.maxBytes ?? 16 * 1024 * 1024,
      encoding: options.encoding ?? 'utf8',
      stripFinalNewline: false,
      reject: true,
    })
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 0 }
  } catch (error) {
    if (!(error instanceof library.ExecaError)) throw startError(program, args, error)
    if (error.exitCode !== undefined && (options.okCodes ?? []).includes(error.exitCode)) {
      return { stdout: String(error.stdout ?? ''), stderr: String(error.stderr ?? ''), exitCode: error.exitCode }
    }
    throw commandError(program, args, error)
  }
}

function startError(program: string, args: readonly string[], error: unknown): GitvirtError {
  return new GitvirtError({ code: 'CommandFailed', message: `${commandText(program, args)}: ${String(error)}`, cause: error })
}

function commandText(program: string, args: readonly string[]): string {
  return [program, ...args.slice(0, 3)].join(' ')
}

function commandError(program: string, args: readonly string[], error: ExecaError): GitvirtError {
  const command = commandText(program, args)
  if (error.code === 'ENOENT') {
    return new GitvirtError({
      code: 'CommandNotFound',
      message: `The program "${program}" is not installed.`,
      action: `Install "${program}" on this host.`,
      cause: error,
    })
  }
  const words = lastWords(String(error.stderr ?? '')) || lastWords(String(error.stdout ?? '')) || error.shortMessage
  if (error.timedOut)
    return new GitvirtError({ code: 'CommandTimedOut', message: `${command} did not end in time: ${words}`, cause: error })
  if (error.isMaxBuffer)
    return new GitvirtError({ code: 'OutputTooLarge', message: `${command} prints more than may be read.`, cause: error })
  const how = error.signal === undefined ? `exit code ${String(error.exitCode)}` : `signal ${error.signal}`
  return new GitvirtError({ code: 'CommandFailed', message: `${command} failed (${how}): ${words}`, cause: error })
}

/** The last lines that a program wrote, bounded, on one line. */
function lastWords(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ').slice(-2000)
}
