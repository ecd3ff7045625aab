const unitMilliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A hundred years in milliseconds: longer times mean for ever, and soon do not fit a date. */
export const longestDuration = 100 * 365.25 * 24 * 3_600_000

/**
 * Milliseconds of a duration in Go's notation ("168h", "1h30m", "10s"), with days ("7d") besides; undefined where the text is
 * none. Longer ones count as a hundred years. Source: Go's time.ParseDuration, which metav1.Duration uses.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '' || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/.test(text)) return undefined
  let total = 0
  for (const match of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) {
    total += Number(match[1]) * (unitMilliseconds[match[2] ?? ''] ?? 0)
  }
  return Math.min(total, longestDuration)
}
