import type { Plan } from '../schemas/generated/plan.ts'
import type { ObjectKey } from './lib/object-key.ts'

/** setTimeout(3) counts in 31 bits: what is further away is looked at again by then. */
const longestTimeout = 2 ** 31 - 1

/** Remembers what waits for a time, and says so when it has come. */
export class Wakeups {
  readonly #wake: (keys: readonly ObjectKey[]) => void
  readonly #times = new Map<ObjectKey, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(wake: (keys: readonly ObjectKey[]) => void) {
    this.#wake = wake
  }

  /** Takes the times of a plan's blocks; `covered` are the keys that the plan looked at, absent for all. */
  take(plan: Pick<Plan, 'changes'>, { now, covered }: { readonly now: Date; readonly covered?: ReadonlySet<ObjectKey> }): void {
    if (covered === undefined) this.#times.clear()
    else for (const key of covered) this.#times.delete(key)
    for (const { key, blocked } of plan.changes) {
      const times = blocked.flatMap(({ until }) => (until === undefined ? [] : [Date.parse(until)]))
      if (times.length > 0) this.#times.set(key, Math.min(...times, this.#times.get(key) ?? Number.POSITIVE_INFINITY))
    }
    this.#arm(now.getTime())
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #arm(now: number): void {
    clearTimeout(this.#timer)
    const first = this.#times.values().reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY)
    if (!Number.isFinite(first)) return
    const wait = Math.max(0, Math.min(first - now, longestTimeout))
    this.#timer = setTimeout(() => this.#ring(now + wait), wait)
    this.#timer.unref()
  }

  #ring(now: number): void {
    const due = [...this.#times].filter(([, time]) => time <= now).map(([key]) => key)
    for (const key of due) this.#times.delete(key)
    if (due.length > 0) this.#wake(due)
    this.#arm(now)
  }
}
