import { hash } from 'node:crypto'
import { errorCode } from '../lib/errors.ts'
import { gpgSilent } from './gpg.ts'

/** Milliseconds after the first time that gpg did not answer, and at most. */
const firstRest = 30_000
const longestRest = 600_000

/**
 * Leaves a gpg alone that did not answer, so that not every file waits for it, and tells when it is worth another try. A message on which it
 * hung is tried again after those that had to wait for it, and one such message at a time: gpg may be well but for these.
 */
export type GpgRest = {
  /**
   * @param message what gpg is asked to open; absent where it is asked for something else
   * @throws GitvirtError `GpgTimedOut` while it rests or others go first, and what `work` throws
   */
  run<T>(work: () => Promise<T>, message?: string): Promise<T>
  /** True once after each rest. */
  isOver(): boolean
}

/** @param now milliseconds */
export function createGpgRest(now: () => number = Date.now): GpgRest {
  const rest = new Rest(now)
  return {
    run: async (work, message) => await rest.run(work, message === undefined ? undefined : hash('sha256', message)),
    isOver: () => rest.isOver(),
  }
}

class Rest {
  readonly #now: () => number
  /** Messages on which gpg hung, those first that were tried longest ago. */
  readonly #hung = new Set<string>()
  #wait = 0
  /** Until then nothing is asked. */
  #until = 0
  /** When another try is worth it. */
  #next: number | undefined
  /** Something else than what hung had to wait. */
  #othersWait = false
  /** What hung before and may be tried now. */
  #turn: string | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  async run<T>(work: () => Promise<T>, id: string | undefined): Promise<T> {
    const isHung = id !== undefined && this.#hung.has(id)
    if (this.#now() < this.#until) {
      if (!isHung) this.#othersWait = true
      throw gpgSilent('it did not answer a moment ago')
    }
    if (isHung) throw gpgSilent('it did not for this file, and others go first')
    try {
      const done = await work()
      this.#answered(id)
      return done
    } catch (error) {
      if (errorCode(error) === 'GpgTimedOut') this.#silent(id)
      throw error
    }
  }

  isOver(): boolean {
    if (this.#next === undefined || this.#now() < this.#next) return false
    if (this.#othersWait) this.#othersWait = false
    else this.#giveTurn()
    this.#next = this.#hung.size === 0 ? undefined : this.#now() + Math.max(this.#wait, firstRest)
    return true
  }

  #giveTurn(): void {
    const [oldest] = this.#hung
    this.#turn = oldest
    if (oldest !== undefined) this.#hung.delete(oldest)
  }

  #answered(id: string | undefined): void {
    this.#wait = 0
    this.#until = 0
    // Where it opens what it hung on, the others are worth a try at once.
    if (id !== undefined && id === this.#turn && this.#hung.size > 0) {
      this.#hung.clear()
      this.#next = this.#now()
    }
  }

  #silent(id: string | undefined): void {
    this.#wait = Math.min(longestRest, Math.max(firstRest, this.#wait * 2))
    this.#until = this.#now() + this.#wait
    this.#next = this.#until
    if (id !== undefined) this.#hung.add(id)
  }
}
