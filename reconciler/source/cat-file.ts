import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { GitvirtError } from '../lib/errors.ts'
import { gitEnvironment } from './git-program.ts'

/** The answer to one name; `bytes` is absent when only headers are read or the object is over the limit. */
export type CatAnswer = { readonly id: string; readonly type: string; readonly size: number; readonly bytes?: Buffer }

type Pending = {
  readonly maxBytes: number
  readonly resolve: (answer: CatAnswer | undefined) => void
  readonly reject: (error: unknown) => void
}

const maxHeader = 4096

/**
 * A long-lived `git cat-file --batch` (contents) or `--batch-check` (headers only). Requests are pipelined; answers come in order.
 * Source of the format: git-cat-file(1), BATCH OUTPUT.
 */
export class CatFile {
  readonly #storeDir: string
  readonly #contents: boolean
  readonly #mode: 'interactive' | 'bulk'
  #unsent: string[] = []
  #child: ChildProcessWithoutNullStreams | undefined
  #queue: Pending[] = []
  #next = 0
  #rest: Buffer = Buffer.alloc(0)
  #body: { readonly answer: CatAnswer; readonly into: Buffer | undefined; got: number } | undefined

  /** @param mode `bulk` answers only at `close`, and then at once: for many names known beforehand */
  constructor(storeDir: string, contents: boolean, mode: 'interactive' | 'bulk' = 'interactive') {
    this.#storeDir = storeDir
    this.#contents = contents
    this.#mode = mode
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
      if (this.#child === child || this.#queue.length > this.#next) this.#feed(chunk)
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
    this.#rest = Buffer.alloc(0)
    this.#body = undefined
    for (const one of waiting)
      one.reject(new GitvirtError({ code: 'StoreUnreadable', message, action: 'Remove the object store; it is fetched again.' }))
  }

  #feed(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (data.length > 0) {
      if (this.#body !== undefined) {
        data = this.#takeBody(data)
        continue
      }
      const end = data.indexOf(0x0a)
      if (end === -1) break
      this.#takeHeader(data.toString('latin1', 0, Math.min(end, maxHeader)))
      data = data.subarray(end + 1)
    }
    this.#rest = data
  }

  #takeHeader(line: string): void {
    const [id = '', type = '', length = ''] = line.split(' ')
    const size = Number(length)
    if (!/^\d+$/.test(length)) {
      this.#settle(undefined)
      return
    }
    if (!this.#contents) {
      this.#settle({ id, type, size })
      return
    }
    const limit = this.#queue[this.#next]?.maxBytes ?? 0
    this.#body = { answer: { id, type, size }, into: size <= limit ? Buffer.allocUnsafe(size) : undefined, got: 0 }
  }

  /** Takes what belongs to the body, its closing newline included; returns the rest. */
  #takeBody(data: Buffer): Buffer {
    const body = this.#body
    if (body === undefined) return data
    const wanted = body.answer.size - body.got
    const taken = Math.min(wanted, data.length)
    if (body.into !== undefined && taken > 0) data.copy(body.into, body.got, 0, taken)
    body.got += taken
    if (taken === data.length) return data.subarray(taken)
    this.#body = undefined
    this.#settle(body.into === undefined ? body.answer : { ...body.answer, bytes: body.into })
    return data.subarray(taken + 1)
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
