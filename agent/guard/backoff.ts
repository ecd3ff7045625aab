/** Longest delay, in milliseconds. */
const most = 300_000

/**
 * Milliseconds before the next start after `failures` starts in a row that never reached Running:
 * 10·n² seconds and up to half of that on top, 300 s at most. Source: KubeVirt's crash-loop back-off.
 * @param random from 0 to below 1
 */
export function backoff(failures: number, random: number): number {
  if (failures <= 0) return 0
  const base = 10_000 * failures ** 2
  return Math.min(most, Math.round(base * (1 + random / 2)))
}
