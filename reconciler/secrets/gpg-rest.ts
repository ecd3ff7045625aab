import { errorCode } from '../lib/errors.ts'
import { gpgSilent } from './gpg.ts'

/** Milliseconds after the first time that gpg did not answer, and at most. */
const firstRest = 30_000
const longestRest = 600_000

/** Leaves a gpg alone that did not answer, so that not every file waits for it, and tells when it is worth another try. */
export type GpgRest = {
  /** @throws GitvirtError `GpgTimedOut` while it rests, and what `work` throws */
  run<T>(work: () => Promise<T>): Promise<T>
  /** True once after each rest. */
  isOver(): boolean
}

/** @param now milliseconds */
export function createGpgRest(now: () => number = Date.now): GpgRest {
  let wait = 0
  let until: number | undefined
  return {
    run: async (work) => {
      if (until !== undefined && now() < until) throw gpgSilent('it did not answer a moment ago')
      try {
        const done = await work()
        wait = 0
        until = undefined
        return done
      } catch (error) {
        if (errorCode(error) === 'GpgTimedOut') {
          wait = Math.min(longestRest, Math.max(firstRest, wait * 2))
          until = now() + wait
        }
        throw error
      }
    },
    isOver: () => {
      if (until === undefined || now() < until) return false
      until = undefined
      return true
    },
  }
}
