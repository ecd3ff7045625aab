import { setTimeout as delay } from 'node:timers/promises'
import { GitvirtError } from '../reconciler/lib/errors.ts'

/**
 * Asks again and again until the answer is there.
 * @throws GitvirtError `WaitedInVain` that tells what was waited for and the last answer.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  options: { readonly seconds?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const seconds = options.seconds ?? 60
  const end = performance.now() + seconds * 1000
  let last = 'no answer'
  while (performance.now() < end) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await delay(options.everyMs ?? 200)
  }
  throw new GitvirtError({ code: 'WaitedInVain', message: `Waited ${seconds} s for: ${what}. Last: ${last}` })
}
