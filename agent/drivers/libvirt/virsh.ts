import { errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { run, type ExecOptions } from '../../../reconciler/lib/exec.ts'
import { askInProcess } from './virsh-batch.ts'
import { createVirshPool } from './virsh-pool.ts'
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
   * Asks many questions in one session or process; one reply for each, to be read by `found`. They must be commands that change
   * nothing, because they are asked once more where the connection was lost. Words must be free of spaces and quotes, because
   * virsh splits the line itself.
   * @throws GitvirtError `LibvirtUnreachable` where a question failed and the connection with it
   */
  batch(commands: readonly (readonly string[])[]): Promise<readonly Reply[]>
  /** Ends the sessions that are kept; a later call makes one for itself. */
  close(): Promise<void>
}

/** What one question of a batch gave: its standard output, or why it failed. */
export type Reply = string | GitvirtError

/**
 * The text of a reply; undefined where libvirt said, over a living connection, that what was asked about is not there.
 * @param absences the codes that tell so, such as `DomainNotFound`
 * @throws GitvirtError the failure, where it is any other
 */
export function found(reply: Reply | undefined, ...absences: readonly string[]): string | undefined {
  if (typeof reply === 'string') return reply
  if (reply === undefined) throw new TypeError('A batch of virsh commands has fewer replies than questions.')
  if (absences.includes(reply.code)) return undefined
  throw reply
}

const safeWord = /^[A-Za-z0-9._:/@=+-]+$/
/** A session reads its lines letter by letter: more commands than these are done sooner by a process that gets them as an argument. */
const commandsPerSession = 12
/** Milliseconds. */
const sessionTimeout = 60_000

export function createVirsh(uri: string): Virsh {
  const pool = createVirshPool(uri)
  const say = async (args: readonly string[], options: ExecOptions | undefined): Promise<string> => {
    const line = options === undefined ? commandLine(args) : undefined
    if (line === undefined) return (await run('virsh', ['-q', '-c', uri, ...args], options)).stdout
    const [answer] = await pool.run([line], { timeout: sessionTimeout, questions: false })
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
      try {
        const inSession = lines.length <= commandsPerSession
        const answers = inSession ? await pool.run(lines, { timeout: sessionTimeout, questions: true }) : await askInProcess(uri, lines)
        return answers.map(({ stdout, failure }, index) =>
          failure === undefined ? stdout : libvirtError(lines[index] ?? '', new Error(failure)),
        )
      } catch (error) {
        throw libvirtError('batch', error)
      }
    },
    close: async () => await pool.close(),
  }
}

function checkWord(word: string): string {
  if (safeWord.test(word)) return word
  throw new GitvirtError({ code: 'InvalidArgument', message: `"${word}" cannot be used in a batch of virsh commands.` })
}

/** libvirt's messages that tell of a state that callers must know. Source: libvirt's error texts, stable since 1.0. */
const known: readonly (readonly [RegExp, string, string | undefined])[] = [
  // First, because a lost connection lets virsh say that there is no such domain.
  [
    /connection to libvirt was lost|failed to (re)?connect to the hypervisor|Failed to connect socket|Disconnected from|cannot (recv|write) data|End of file while reading data|client socket is closed/i,
    'LibvirtUnreachable',
    'Check that libvirtd runs on this host.',
  ],
  [/Domain not found|failed to get domain/i, 'DomainNotFound', undefined],
  [/domain is not running|is not running/i, 'DomainNotRunning', undefined],
  [/is already active|already running/i, 'DomainRunning', undefined],
  [/guest agent is not (connected|responding|available|configured)|QEMU guest agent/i, 'GuestAgentUnavailable', undefined],
  [/Network not found|failed to get network/i, 'NetworkNotFound', undefined],
  [/metadata not found|metadata element is not present/i, 'MetadataNotFound', undefined],
  [/already in use by interface|Network is already in use/i, 'SubnetInUse', undefined],
  [/already exists with uuid|already defined with uuid|domain .* already exists/i, 'NameConflict', 'Rename or undefine the other domain.'],
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
