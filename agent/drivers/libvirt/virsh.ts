import { randomBytes } from 'node:crypto'
import { errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { run, type ExecOptions } from '../../../reconciler/lib/exec.ts'

/** Calls of libvirt through its command line. */
export type Virsh = {
  readonly uri: string
  /**
   * Runs one command; resolves with its standard output.
   * @throws GitvirtError with the code of `codeOf` and libvirt's own words.
   */
  call(args: readonly string[], options?: ExecOptions): Promise<string>
  /**
   * Runs many commands in one process; one text for each, undefined where a command failed.
   * Words must be free of spaces and quotes, because virsh splits the line itself.
   */
  batch(commands: readonly (readonly string[])[]): Promise<readonly (string | undefined)[]>
}

const safeWord = /^[A-Za-z0-9._:/@=+-]+$/
/** Linux limits one argument to 128 KiB. */
const commandsPerCall = 250

export function createVirsh(uri: string): Virsh {
  const call = async (args: readonly string[], options: ExecOptions = {}): Promise<string> => {
    try {
      return (await run('virsh', ['-q', '-c', uri, ...args], options)).stdout
    } catch (error) {
      throw libvirtError(args[0] ?? '', error)
    }
  }
  return {
    uri,
    call,
    async batch(commands) {
      const answers: (string | undefined)[] = []
      for (let from = 0; from < commands.length; from += commandsPerCall) {
        answers.push(...(await batchOnce(uri, commands.slice(from, from + commandsPerCall))))
      }
      return answers
    },
  }
}

async function batchOnce(uri: string, commands: readonly (readonly string[])[]): Promise<readonly (string | undefined)[]> {
  const token = randomBytes(12).toString('hex')
  const line = commands.map((words) => `${words.map(checkWord).join(' ')}; echo ${token}`).join('; ')
  // The last command's failure is the exit code of all, so it says nothing.
  const { stdout, stderr } = await run('virsh', ['-q', '-c', uri, line], { okCodes: [1], maxBytes: 256 * 1024 * 1024 })
  const parts = stdout.split(token)
  if (parts.length <= commands.length) throw libvirtError('batch', new Error(stderr.trim() || 'libvirt does not answer'))
  return parts.slice(0, commands.length).map((part) => {
    const text = part.replace(/^\n/, '')
    return text === '' ? undefined : text
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
  [/failed to connect to the hypervisor|Failed to connect socket/i, 'LibvirtUnreachable', 'Check that libvirtd runs on this host.'],
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
