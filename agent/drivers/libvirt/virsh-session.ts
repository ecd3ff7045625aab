import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { anyFailed, lost, proofCommand, tellsLoss, tidyWords, type Answer, type Ended } from './virsh-answer.ts'

type Run = { readonly token: string; readonly settle: (outcome: 'answered' | Ended) => void }

/** Most bytes of output that are kept of one run; what is longer ends the session. */
const maxBytes = 256 * 1024 * 1024
/** A virsh that was built without readline cuts longer lines. Source: vshReadline in libvirt's tools/vsh.c. */
const maxLine = 1000
/** A folder that cannot be: there virsh would write the history of its commands, over the user's own. */
const noFolder = '/dev/null'

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
  /** False once it ended. */
  #alive = true
  /** Whether virsh has echoed a line in an earlier run. */
  #echoes = false

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
   * Carries out lines made by `commandLine`, in order, whether or not one fails. One call at a time. Ended where virsh ended, and
   * where a command failed while the connection to libvirt was lost: nothing can be concluded from such a failure.
   * @param timeout milliseconds, after which virsh is killed
   * @throws GitvirtError `CommandTimedOut`
   */
  async run(lines: readonly string[], timeout: number): Promise<readonly Answer[] | Ended> {
    const said = await this.#say(lines, timeout)
    if ('ended' in said) return said
    const answers = readAnswers(said, lines.length)
    if (!anyFailed(answers)) return answers
    if (!tellsLoss(said.err) && (await this.#isConnected(timeout))) return answers
    this.#usable = false
    return lost(answers)
  }

  async #isConnected(timeout: number): Promise<boolean> {
    const said = await this.#say([proofCommand], timeout)
    return !('ended' in said) && !tellsLoss(said.err) && !anyFailed(readAnswers(said, 1))
  }

  async #say(lines: readonly string[], timeout: number): Promise<Said | Ended> {
    const token = randomBytes(12).toString('hex')
    const outcome = Promise.withResolvers<'answered' | Ended>()
    this.#run = { token, settle: outcome.resolve }
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#child.kill('SIGKILL')
    }, timeout)
    try {
      if (!this.#alive) return { ended: new Error('virsh ended'), begun: false }
      this.#child.stdin.write(script(lines, token))
      const how = await outcome.promise
      if (late) throw new GitvirtError({ code: 'CommandTimedOut', message: `virsh ${lines[0]?.split(' ')[0] ?? ''} did not end in time.` })
      const said = { token, out: this.#out.texts.join(''), err: this.#err.texts.join('') }
      this.#usable &&= !tellsLoss(said.err)
      this.#echoes ||= said.out.includes(`"${token}"`)
      return how === 'answered' ? said : how
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
    if (stream === this.#err && run === undefined) this.#usable = false
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
    this.#alive = false
    const { token, settle } = this.#run ?? {}
    // readline echoes a line before virsh carries it out; a virsh that never echoed may have none, so that no echo tells nothing.
    if (token !== undefined) settle?.({ ended, begun: !this.#echoes || this.#out.texts.join('').includes(token) })
  }
}

/** What virsh said in one run, marks and echoes included. */
type Said = { readonly token: string; readonly out: string; readonly err: string }

/** Each command between two marks, and after it one on both streams; the parts of a mark are joined by virsh alone. */
function script(lines: readonly string[], token: string): string {
  const mark = (sign: string): string => `"${token}""${sign}"`
  const parts = lines.map((line) => `echo ${mark('<')}; ${line}; echo ${mark('>')}\necho ${mark('|')}; echo --err ${mark('|')}\n`)
  return `${parts.join('')}echo ${mark('.')}; echo --err ${mark('.')}\n`
}

function nothingHeard(): Heard {
  return { texts: [], tail: '', ended: false }
}

function readAnswers({ token, out, err }: Said, count: number): Answer[] {
  const outs = out.split(`${token}|`)
  const errs = err.split(`${token}|`)
  return Array.from({ length: count }, (_, index) => {
    const failure = tidyWords(errs[index] ?? '')
    const [, stdout, rest] = new RegExp(`${token}<\\n?([^]*)(${token}>)`).exec(outs[index] ?? '') ?? []
    if (rest === undefined || stdout === undefined) return { stdout: '', failure: failure || 'virsh does not know the command' }
    return failure === '' ? { stdout } : { stdout, failure }
  })
}

function notInstalled(cause: Error): GitvirtError {
  const message = 'The program "virsh" is not installed.'
  return new GitvirtError({ code: 'CommandNotFound', message, action: 'Install "virsh" on this host.', cause })
}
