import { randomBytes } from 'node:crypto'
import { errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { run, type ExecOptions } from '../../../reconciler/lib/exec.ts'
import { createVirshPool, type VirshPool } from './virsh-pool.ts'
import { commandLine } from './virsh-session.ts'

/** Calls of libvirt through its command line. */
export type Virsh = {
  readonly uri: string
  /**
   * Runs one command; resolves with its standard output. With options it gets a process of its own: what waits for a guest is bounded.
   * @throws GitvirtError with the code of `codeOf` and libvirt's own words.
   */
  call(args: readonly string[], options?: ExecOptions): Promise<string>
  /**
   * Runs many commands in one session or process; one text for each, undefined where a command failed or said nothing.
   * Words must be free of spaces and quotes, because virsh splits the line itself.
   */
  batch(commands: readonly (readonly string[])[]): Promise<readonly (string | undefined)[]>
  /** Ends the sessions that are kept; a later call makes one for itself. */
  close(): Promise<void>
}

const safeWord = /^[A-Za-z0-9._:/@=+-]+$/
/** Linux limits one argument to 128 KiB. */
const commandsPerCall = 250
/** A session reads its lines letter by letter: more commands than these are done sooner by a process that gets them as an argument. */
const commandsPerSession = 12
/** Milliseconds. */
const sessionTimeout = 60_000

export function createVirsh(uri: string): Virsh {
  const pool = createVirshPool(uri)
  const say = async (args: readonly string[], options: ExecOptions | undefined): Promise<string> => {
    const line = options === undefined ? commandLine(args) : undefined
    if (line === undefined) return (await run('virsh', ['-q', '-c', uri, ...args], options)).stdout
    const [answer] = await pool.run([line], sessionTimeout)
    if (answer?.failure !== undefined) throw new Error(answer.failure)
    return answer?.stdout ?? ''
  }
  return {
    uri,
    async call(args, options) {
      try {
        return await say(args, options)
      } catch (error) {
        throw libvirtError(args[0] ?? '', error)
      }
    },
    async batch(commands) {
      const lines = commands.map((words) => words.map(checkWord).join(' '))
      if (lines.length <= commandsPerSession) return await batchInSession(pool, lines)
      const answers: (string | undefined)[] = []
      for (let from = 0; from < lines.length; from += commandsPerCall) {
        answers.push(...(await batchOnce(uri, lines.slice(from, from + commandsPerCall))))
      }
      return answers
    },
    close: async () => await pool.close(),
  }
}

async function batchInSession(pool: VirshPool, lines: readonly string[]): Promise<readonly (string | undefined)[]> {
  try {
    const answers = await pool.run(lines, sessionTimeout)
    return answers.map(({ stdout, failure }) => (failure === undefined && stdout.trim() !== '' ? stdout : undefined))
  } catch (error) {
    throw libvirtError('batch', error)
  }
}

async function batchOnce(uri: string, lines: readonly string[]): Promise<readonly (string | undefined)[]> {
  const token = randomBytes(12).toString('hex')
  const line = lines.map((one) => `${one}; echo ${token}`).join('; ')
  // The last command's failure is the exit code of all, so it says nothing.
  const { stdout, stderr } = await run('virsh', ['-q', '-c', uri, line], { okCodes: [1], maxBytes: 256 * 1024 * 1024 })
  const parts = stdout.split(token)
  if (parts.length <= lines.length) throw libvirtError('batch', new Error(stderr.trim() || 'libvirt does not answer'))
  return parts.slice(0, lines.length).map((part) => {
    const text = part.replace(/^\n/, '')
    return text.trim() === '' ? undefined : text
  })
}

function checkWord(word: string): string {
  if (safeWord.test(word)) return word
  throw new GitvirtError({ code: 'InvalidArgument', message: `"${word}" cannot be used in a batch of virsh commands.` })
}

/** libvirt's messages that tell of a state that callers must know. Source: libvirt's error texts, stable since 1.0. */
const known: readonly (readonly [RegExp, string, string | undefined])[] = [
  [/Domain not found|failed to get domain/i, 'DomainNotFound', undefined],
  [/domain is not running|is not running/i, 'DomainNotRunning', undefined],
  [/is already active|already running/i, 'DomainRunning', undefined],
  [/guest agent is not (connected|responding|available|configured)|QEMU guest agent/i, 'GuestAgentUnavailable', undefined],
  [/Network not found|failed to get network/i, 'NetworkNotFound', undefined],
  [/already in use by interface|Network is already in use/i, 'SubnetInUse', undefined],
  [/already exists with uuid|already defined with uuid|domain .* already exists/i, 'NameConflict', 'Rename or undefine the other domain.'],
  [
    /failed to connect to the hypervisor|Failed to connect socket|Disconnected from/i,
    'LibvirtUnreachable',
    'Check that libvirtd runs on this host.',
  ],
  [/Failed to get "?(write|shared "write|consistent read)"? lock/i, 'DiskInUse', 'Another guest or program uses this disk image.'],
  [/Cannot allocate memory|cannot set up guest memory/i, 'OutOfMemory', 'Give the guest less memory or free memory on this host.'],
]

function libvirtError(command: string, error: unknown): GitvirtError {
  if (errorCode(error) === 'CommandNotFound' || errorCode(error) === 'CommandTimedOut') return error as GitvirtError
  const words = String(error instanceof Error ? error.message : error)
    .replace(/^virsh -q -c failed \([^)]*\): /, '')
    .replace(/^virsh .*? failed \(exit code \d+\): /, '')
    .replaceAll(/(^|\| )error: /g, '$1')
  const match = known.find(([pattern]) => pattern.test(words))
  return new GitvirtError({
    code: match?.[1] ?? 'LibvirtFailed',
    message: `virsh ${command}: ${words}`,
    ...(match?.[2] === undefined ? {} : { action: match[2] }),
    cause: error,
  })
}
