/**
 * What all of them come to. Fails as Promise.all does, but only when each has ended: what one of them opens can then be closed by who
 * called, and nothing is opened behind that.
 * @throws the failure of the first that failed, by their order
 */
export async function allEnded<const T extends readonly unknown[]>(running: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(running)
  return await Promise.all(running)
}
