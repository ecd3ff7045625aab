/** A Map whose changes can be taken back, all since the last `keep`. */
export class UndoMap<K, V extends object | string> extends Map<K, V> {
  /** What was there before, by the keys that changed. */
  readonly #before = new Map<K, V | undefined>()

  override set(key: K, value: V): this {
    this.#note(key)
    return super.set(key, value)
  }

  override delete(key: K): boolean {
    this.#note(key)
    return super.delete(key)
  }

  /** From here on the changes so far stay. */
  keep(): void {
    this.#before.clear()
  }

  undo(): void {
    for (const [key, value] of this.#before) {
      if (value === undefined) super.delete(key)
      else super.set(key, value)
    }
    this.#before.clear()
  }

  #note(key: K): void {
    if (!this.#before.has(key)) this.#before.set(key, this.get(key))
  }
}
