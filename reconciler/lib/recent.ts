/** Something that can be made again from what is kept of it. */
export type Folded = {
  /** Lets go of what was made. */
  fold(): void
}

/**
 * Holds the few things that were made last, so that they are at hand while work on them goes on. Weak references would not do: all that one
 * pass over a fleet looks at would stay in memory until the pass ends (https://tc39.es/ecma262/#sec-addtokeptobjects).
 */
export class Recent {
  readonly #held: (Folded | undefined)[]
  #next = 0

  /** @param most things that are held at a time */
  constructor(most: number) {
    this.#held = Array.from({ length: most }, () => undefined)
  }

  /** Holds this one, and lets go of the one that was held for longest. */
  hold(one: Folded): void {
    this.#held[this.#next]?.fold()
    this.#held[this.#next] = one
    this.#next = (this.#next + 1) % this.#held.length
  }
}
