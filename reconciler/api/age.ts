const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

type Form = { readonly below: number; readonly major: number; readonly minor?: number; readonly letters: string }

/** kubectl's short durations: the limits and units of apimachinery's duration.HumanDuration. */
const forms: readonly Form[] = [
  { below: 2 * minute, major: second, letters: 's' },
  { below: 10 * minute, major: minute, minor: second, letters: 'ms' },
  { below: 3 * hour, major: minute, letters: 'm' },
  { below: 8 * hour, major: hour, minor: minute, letters: 'hm' },
  { below: 2 * day, major: hour, letters: 'h' },
  { below: 8 * day, major: day, minor: hour, letters: 'dh' },
  { below: 2 * year, major: day, letters: 'd' },
  { below: 8 * year, major: year, minor: day, letters: 'yd' },
  { below: Number.POSITIVE_INFINITY, major: year, letters: 'y' },
]

/** How long ago, in kubectl's words: 45s, 3m10s, 5h12m, 7d. "<unknown>" for no time, "0s" for one that is still to come. */
export function age(time: unknown, now: Date): string {
  const since = typeof time === 'string' ? Date.parse(time) : Number.NaN
  if (Number.isNaN(since)) return '<unknown>'
  const length = Math.max(0, now.getTime() - since)
  const form = forms.find(({ below }) => length < below)
  if (form === undefined) return '<unknown>'
  const major = `${Math.floor(length / form.major)}${form.letters[0] ?? ''}`
  const rest = form.minor === undefined ? 0 : Math.floor((length % form.major) / form.minor)
  return rest === 0 ? major : `${major}${rest}${form.letters[1] ?? ''}`
}
