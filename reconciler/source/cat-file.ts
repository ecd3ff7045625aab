import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { GitvirtError } from '../lib/errors.ts'
import { BatchAnswers, type CatAnswer } from './batch-answers.ts'
import { gitEnvironment } from './git-environment.ts'

type Pending = {
  readonly maxBytes: number
  readonly resolve: (answer: CatAnswer | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * A long-lived `git cat-file --batch` (contents) or `--batch-check` (headers only). Requests are pipelined; answers come in order.
 */
export class CatFile {
  readonly #storeDir: string
  readonly #contents: boolean
  readonly #mode: 'interactive' | 'bulk'
  #unsent: string[] = []
  #child: ChildProcessWithoutNullStreams | undefined
  #queue: Pending[] = []
  #next = 0
  #answers: BatchAnswers

  /** @param mode `bulk` answers only at `close`, and then at once: for many names known beforehand */
  constructor(storeDir: string, contents: boolean, mode: 'interactive' | 'bulk' = 'interactive') {
    this.#storeDir = storeDir
    this.#contents = contents
    this.#mode = mode
    this.#answers = this.#newAnswers()
  }

  /**
   * @param name an object id or a full reference name, optionally with `^{commit}`
   * @param maxBytes contents beyond this are passed over, never kept
   */
  async request(name: string, maxBytes = 0): Promise<CatAnswer | undefined> {
    if (/[\s\0]/.test(name)) throw new GitvirtError({ code: 'InvalidRef', message: `"${name}" is not an object name.` })
    const child = (this.#child ??= this.#start())
    return await new Promise((resolve, reject) => {
      this.#queue.push({ maxBytes, resolve, reject })
      // One write for all requests of a turn.
      if (this.#unsent.push(name) === 1) process.nextTick(() => this.#send(child))
    })
  }

  /** Ends the process; a later request starts a new one. */
  async close(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('close', resolve))
    this.#send(child)
    child.stdin.end()
    await ended
  }

  #send(child: ChildProcessWithoutNullStreams): void {
    if (this.#unsent.length > 0 && !child.stdin.writableEnded) child.stdin.write(`${this.#unsent.join('\n')}\n`)
    this.#unsent = []
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = spawn('git', ['cat-file', this.#contents ? '--batch' : '--batch-check', ...(this.#mode === 'bulk' ? ['--buffer'] : [])], {
      env: gitEnvironment(this.#storeDir),
      stdio: 'pipe',
    })
    let words = ''
    child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-1000)))
    child.stdin.on('error', () => undefined)
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#child === child || this.#queue.length > this.#next) this.#answers.feed(chunk)
    })
    const fail = (cause: unknown): void => this.#fail(child, `git cat-file ended: ${words.trim() || String(cause)}`)
    child.once('error', fail)
    child.once('close', fail)
    return child
  }

  #fail(child: ChildProcessWithoutNullStreams, message: string): void {
    if (this.#child === child) this.#child = undefined
    const waiting = this.#queue.slice(this.#next)
    this.#queue = []
    this.#next = 0
    this.#answers = this.#newAnswers()
    for (const one of waiting)
      one.reject(new GitvirtError({ code: 'StoreUnreadable', message, action: 'Remove the object store; it is fetched again.' }))
  }

  #newAnswers(): BatchAnswers {
    return new BatchAnswers({
      contents: this.#contents,
      limit: () => this.#queue[this.#next]?.maxBytes ?? 0,
      take: (answer) => this.#settle(answer),
    })
  }

  #settle(answer: CatAnswer | undefined): void {
    const pending = this.#queue[this.#next]
    this.#next += 1
    if (this.#next === this.#queue.length) {
      this.#queue = []
      this.#next = 0
    }
    pending?.resolve(answer)
  }
}
