import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'

/** What became of one command: its standard output, and virsh's words where it failed. */
export type Answer = { readonly stdout: string; readonly failure?: string }

/** Why virsh ended in the middle; `begun` is false where it cannot have carried out any command. */
export type Ended = { readonly ended: Error; readonly begun: boolean }

type Run = { readonly token: string; readonly settle: (outcome: 'answered' | Ended) => void }

/** Most bytes of output that are kept of one run; what is longer ends the session. */
const maxBytes = 256 * 1024 * 1024
/** A virsh that was built without readline cuts longer lines. Source: vshReadline in libvirt's tools/vsh.c. */
const maxLine = 1000
/** A folder that cannot be: there virsh would write the history of its commands, over the user's own. */
const noFolder = '/dev/null'
/** What virsh tells of a new connection, and of its history at its end; neither is the failure of a command. */
const asides = /^error: (?:Reconnected to|Failed to create '\/dev\/null\/)/

/** What came on one stream since the run began, and whether the run's last mark was there. */
type Heard = { readonly texts: string[]; tail: string; ended: boolean }

/** virsh's line of a command, or undefined where it cannot be said to a session: readline takes plain printable text only. */
export function commandLine(words: readonly string[]): string | undefined {
  const line = words.map((word) => (/^[A-Za-z0-9._:/@=+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
  return line.length <= maxLine && /^[\x20-\x7e]+$/.test(line) ? line : undefined
}

/**
 * One interactive virsh that stays connected: a command costs a millisecond instead of a process and a connection of its own.
 * It echoes what it reads, so that marks, which no input line holds in one piece, tell the answers from the rest.
 */
export class VirshSession {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  #out: Heard = nothingHeard()
  #err: Heard = nothingHeard()
  #bytes = 0
  #run: Run | undefined
  #usable = true

  constructor(uri: string) {
    const env = { ...process.env, LC_ALL: 'C', TERM: 'dumb', INPUTRC: '/dev/null', XDG_CACHE_HOME: noFolder }
    const child = spawn('virsh', ['-q', '-c', uri], { env, stdio: 'pipe' })
    this.#child = child
    child.stdin.on('error', () => undefined)
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#hear(this.#out, text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(this.#err, text))
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        this.#fail(new Error(tidyWords(this.#err.texts.join('')) || 'virsh ended'))
        resolve()
      })
      child.once('error', (error) => {
        this.#fail(errorCode(error) === 'ENOENT' ? notInstalled(error) : error)
        resolve()
      })
    })
  }

  /** False once it must not be used any more: it ended, or lost its connection. */
  get usable(): boolean {
    return this.#usable
  }

  /**
   * Carries out lines made by `commandLine`, in order, whether or not one fails. One call at a time.
   * @param timeout milliseconds, after which virsh is killed
   * @throws GitvirtError `CommandTimedOut`
   */
  async run(lines: readonly string[], timeout: number): Promise<readonly Answer[] | Ended> {
    const token = randomBytes(12).toString('hex')
    const outcome = Promise.withResolvers<'answered' | Ended>()
    this.#run = { token, settle: outcome.resolve }
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#child.kill('SIGKILL')
    }, timeout)
    try {
      this.#child.stdin.write(script(lines, token))
      if (!this.#usable) this.#fail(new Error('virsh ended'))
      const how = await outcome.promise
      if (late) throw new GitvirtError({ code: 'CommandTimedOut', message: `virsh ${lines[0]?.split(' ')[0] ?? ''} did not end in time.` })
      if (how !== 'answered') return how
      return readAnswers({ token, out: this.#out.texts.join(''), err: this.#err.texts.join(''), count: lines.length })
    } finally {
      clearTimeout(timer)
      this.#run = undefined
      this.#out = nothingHeard()
      this.#err = nothingHeard()
      this.#bytes = 0
    }
  }

  /** Kills it; resolves when it has ended. */
  async close(): Promise<void> {
    this.#usable = false
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  #hear(stream: Heard, text: string): void {
    const run = this.#run
    // Between two runs it speaks only of its connection.
    if (stream === this.#err && (run === undefined || text.includes('Disconnected from'))) this.#usable = false
    if (run === undefined) return
    this.#bytes += text.length
    if (this.#bytes > maxBytes) this.#child.kill('SIGKILL')
    stream.texts.push(text)
    // The pipe may cut the mark.
    const end = `${run.token}.`
    const latest = stream.tail + text
    stream.ended ||= latest.includes(end)
    stream.tail = latest.slice(-end.length)
    if (this.#out.ended && this.#err.ended) run.settle('answered')
  }

  #fail(ended: Error): void {
    this.#usable = false
    const { token, settle } = this.#run ?? {}
    // readline echoes a line before virsh carries it out; what virsh itself prints may still be in its buffer.
    if (token !== undefined) settle?.({ ended, begun: this.#out.texts.join('').includes(token) })
  }
}

/** Each command between two marks, and after it one on both streams; the parts of a mark are joined by virsh alone. */
function script(lines: readonly string[], token: string): string {
  const mark = (sign: string): string => `"${token}""${sign}"`
  const parts = lines.map((line) => `echo ${mark('<')}; ${line}; echo ${mark('>')}\necho ${mark('|')}; echo --err ${mark('|')}\n`)
  return `${parts.join('')}echo ${mark('.')}; echo --err ${mark('.')}\n`
}

function nothingHeard(): Heard {
  return { texts: [], tail: '', ended: false }
}

function readAnswers(run: { readonly token: string; readonly out: string; readonly err: string; readonly count: number }): Answer[] {
  const { token, count } = run
  const out = run.out.split(`${token}|`)
  const err = run.err.split(`error: ${token}|`)
  return Array.from({ length: count }, (_, index) => {
    const failure = tidyWords(err[index] ?? '')
    const [, stdout, rest] = new RegExp(`${token}<\\n?([^]*)(${token}>)`).exec(out[index] ?? '') ?? []
    if (rest === undefined || stdout === undefined) return { stdout: '', failure: failure || 'virsh does not know the command' }
    return failure === '' ? { stdout } : { stdout, failure }
  })
}

/** virsh's words of failure, on one line; '' where it only warned. */
function tidyWords(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !asides.test(line))
  return lines.some((line) => line.startsWith('error:')) ? lines.slice(-4).join(' | ').slice(-2000) : ''
}

function notInstalled(cause: Error): GitvirtError {
  const message = 'The program "virsh" is not installed.'
  return new GitvirtError({ code: 'CommandNotFound', message, action: 'Install "virsh" on this host.', cause })
}
