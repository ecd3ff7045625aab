import { execa, ExecaError } from 'execa'
import { GitvirtError } from '../../lib/errors.ts'
import { gitEnvironment } from '../../source/git-environment.ts'

export type GitStream = {
  readonly gitDir: string
  readonly args: readonly string[]
  readonly input?: string
  /** Most bytes that are read; default 1 GiB. */
  readonly maxBytes?: number
}

/**
 * Runs git and hands out each part of its output that ends in NUL. Git's own order is kept; nothing is held but one part.
 * @throws GitvirtError `HistoryUnreadable`, `HistoryTooLarge`
 */
export async function eachPart({ gitDir, args, input, maxBytes = 2 ** 30 }: GitStream, take: (part: string) => void): Promise<void> {
  const child = execa('git', args, {
    env: gitEnvironment(gitDir),
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    buffer: { stdout: false, stderr: true },
    maxBuffer: { stderr: 1_000_000 },
    encoding: 'buffer',
    timeout: 300_000,
  })
  try {
    let rest: Buffer = Buffer.alloc(0)
    let bytes = 0
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      rest = takeParts(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), take)
    }
    if (rest.length > 0) take(rest.toString('utf8'))
    await child
  } catch (error) {
    child.kill('SIGKILL')
    await child.catch(() => undefined)
    throw error instanceof GitvirtError ? error : unreadable(args, error)
  }
}

/** Hands out the whole parts and returns what follows the last NUL. */
function takeParts(data: Buffer, take: (part: string) => void): Buffer {
  let at = 0
  for (let end = data.indexOf(0); end !== -1; end = data.indexOf(0, at)) {
    take(data.toString('utf8', at, end))
    at = end + 1
  }
  return data.subarray(at)
}

function tooLarge(maxBytes: number): GitvirtError {
  return new GitvirtError({
    code: 'HistoryTooLarge',
    message: `The history of this folder is more than ${maxBytes} bytes of changes.`,
    action: 'Name a smaller folder with --path.',
    terminal: true,
  })
}

function unreadable(args: readonly string[], cause: unknown): GitvirtError {
  const words = cause instanceof ExecaError ? Buffer.from((cause.stderr as Uint8Array | undefined) ?? []).toString('utf8') : String(cause)
  const said = words.trim().split('\n').slice(-3).join(' | ').slice(-1500)
  return new GitvirtError({
    code: 'HistoryUnreadable',
    message: `git ${args[0] ?? ''} failed: ${said}`,
    action: 'Check the repository with git fsck; a partial clone must be filled first (git fetch --refetch).',
    cause,
  })
}
