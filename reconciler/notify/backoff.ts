const shortestMs = 5_000
const longestMs = 600_000

/** A message that could not be delivered for this long is given up. */
export const giveUpMs = 24 * 3_600_000

/** How long to wait after so many tries: doubling, with a part left to chance so that not all come at once. Pure. */
export function retryDelay(tries: number, chance: number): number {
  const whole = Math.min(longestMs, shortestMs * 2 ** Math.min(tries - 1, 20))
  return Math.round(whole * (0.5 + 0.5 * chance))
}
