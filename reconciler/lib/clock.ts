/** Time, handed in so that pure rooms and tests need none of their own. */
export type Clock = {
  /** Wall-clock time, for what people read. */
  now(): Date
  /** Milliseconds that never run backwards, for leases, back-offs and time-outs. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
}
