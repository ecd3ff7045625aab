/** setTimeout(3) counts in 31 bits: what is further away is looked at again by then. */
const longestTimeout = 2 ** 31 - 1

/** Calls back when a time has come, however far away it is; it keeps no process alive. */
export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** @param at RFC 3339 times, of which the earliest counts; none puts the alarm off */
  set(at: Iterable<string>, now: Date): void {
    clearTimeout(this.#timer)
    const first = Math.min(...[...at].map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time)))
    if (!Number.isFinite(first)) return
    this.#timer = setTimeout(this.#ring, Math.max(0, Math.min(first - now.getTime(), longestTimeout)))
    this.#timer.unref()
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}
