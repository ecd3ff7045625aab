/** Objects of Git that are told in one transaction; with all that follows from them, that takes about a tenth of a second. */
const mostInSlice = 200

/** Does the work for each item, and yields after each so many: what others wait for need not wait for all. */
export function* inSlices<T>(items: Iterable<T>, work: (item: T) => void): Generator<void, void> {
  let done = 0
  for (const item of items) {
    if (done > 0 && done % mostInSlice === 0) yield
    work(item)
    done += 1
  }
}
