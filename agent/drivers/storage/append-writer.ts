import type { FileHandle } from 'node:fs/promises'

/** Where the bytes go. */
export type AppendTarget = Pick<FileHandle, 'writev'>

/** Small enough to be written while it is still in the processor's caches: 4 MiB took three times the processor time of 512 KiB. */
const pieceBytes = 2 ** 19
/** Most buffers of one write; source: writev(2), IOV_MAX. It also bounds what tiny buffers cost. */
const pieceBuffers = 1024

/** Writes bytes one behind the other in large pieces: one is written while the next is gathered, and never more than these two are held. */
export class AppendWriter {
  readonly #target: AppendTarget
  #end: number
  #waiting: Buffer[] = []
  #held = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(target: AppendTarget, offset: number) {
    this.#target = target
    this.#end = offset
  }

  /** Where the next byte goes. */
  get end(): number {
    return this.#end + this.#held
  }

  /**
   * Takes bytes, which must not be changed afterwards. Ends when there is room for more.
   * @throws what an earlier write met; behind that place nothing is written any more
   */
  async add(bytes: Buffer): Promise<void> {
    this.#waiting.push(bytes)
    this.#held += bytes.length
    if (this.#held >= pieceBytes || this.#waiting.length >= pieceBuffers) await this.#next()
  }

  /** Ends when everything is written. @throws what a write met */
  async flush(): Promise<void> {
    await this.#next()
    await this.#writing
  }

  async #next(): Promise<void> {
    await this.#writing
    this.#writing = writeAll(this.#target, this.#waiting, this.#end)
    // Whoever adds or flushes next is told; until then nobody listens.
    this.#writing.catch(() => undefined)
    this.#end += this.#held
    this.#waiting = []
    this.#held = 0
  }
}

/** A write may take only a part, as on a disk that fills up: what is left is written behind it, or tells why it cannot be. */
export async function writeAll(target: AppendTarget, buffers: readonly Buffer[], offset: number): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0)
  let at = offset
  while (rest.length > 0) {
    const { bytesWritten } = await target.writev(rest, at)
    if (bytesWritten === 0) throw new Error(`nothing was written at byte ${at}`)
    at += bytesWritten
    rest = behind(rest, bytesWritten)
  }
}

function behind(buffers: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes
  const rest: Buffer[] = []
  for (const buffer of buffers) {
    if (left < buffer.length) rest.push(buffer.subarray(left))
    left = Math.max(0, left - buffer.length)
  }
  return rest
}
