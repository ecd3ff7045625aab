import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'

/** setTimeout(3) counts in 31 bits: what is further away is looked at again by then. */
const longestTimeout = 2 ** 31 - 1
/** Milliseconds until a ring that failed comes again. */
const againMs = 10_000

/**
 * Calls back when a time has come, however far away it is; it keeps no process alive. A ring that throws, as when the disk is full, is
 * logged and comes again, as nobody else would hear of it.
 */
export class Alarm {
  readonly #ring: () => void
  readonly #log: Pick<Logger, 'error'>
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(ring: () => void, log: Pick<Logger, 'error'>) {
    this.#ring = ring
    this.#log = log
  }

  /** @param at RFC 3339 times, of which the earliest counts; none puts the alarm off */
  set(at: Iterable<string>, now: Date): void {
    clearTimeout(this.#timer)
    const first = Math.min(...[...at].map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time)))
    if (Number.isFinite(first)) this.#wait(Math.max(0, Math.min(first - now.getTime(), longestTimeout)))
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #wait(milliseconds: number): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => this.#try(), milliseconds)
    this.#timer.unref()
  }

  #try(): void {
    try {
      this.#ring()
    } catch (error) {
      this.#log.error({ error: describeError(error) }, 'what was due could not be done; it is tried again')
      clearTimeout(this.#timer)
      this.#wait(againMs)
    }
  }
}
