/** Lets work through one at a time, in the order in which it was asked for; a failure lets the next through as well. */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>

export function oneAtATime(): OneAtATime {
  let last: Promise<undefined> = Promise.resolve(undefined)
  return async (work) => {
    const before = last
    const done = Promise.withResolvers<undefined>()
    last = done.promise
    await before
    try {
      return await work()
    } finally {
      done.resolve(undefined)
    }
  }
}
