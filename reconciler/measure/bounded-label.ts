/** What stands for the values that are too many. */
const rest = 'Other'

/** Lets the first so many values of a label through, and counts all others as one: what people write must not grow the metrics. */
export function boundedLabel(most: number): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= most || !/^[A-Za-z0-9._-]{1,64}$/.test(value)) return rest
    known.add(value)
    return value
  }
}
