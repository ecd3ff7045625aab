import type { IndexedStream } from './events.ts'
import { Mould } from './mould.ts'
import type { ParsedDocument } from './parse-manifest.ts'
import type { Root } from './slots.ts'

/** Texts that are kept, and of these how many are compared line by line with one that is like none of them yet. */
const mostMoulds = 64
const mostCompared = 4
/** Characters of a text that is kept. */
const mostCharacters = 65_536

/** A text that uses the plain part of YAML only, parsed without any problem. */
export type MouldText = {
  readonly stream: IndexedStream
  readonly documents: readonly ParsedDocument[]
  /** The root of each document. */
  readonly roots: readonly Root[]
}

/**
 * Texts that were parsed before, for those that come after them: the files of a fleet are made from few patterns. A text with the same
 * lines, some simple scalars apart, means what the earlier one means with these scalars in their places, and every field stands on the
 * same line and column. Such a text is not parsed at all, and its values share with the earlier one's all in which they are equal; these
 * are frozen.
 */
export class Moulds {
  /** The one that was used last comes first. */
  readonly #moulds: Mould[] = []

  /** The documents of a text that is like one seen before; undefined where none is. */
  cast(text: string): readonly ParsedDocument[] | undefined {
    if (text.length > mostCharacters) return undefined
    for (let index = 0; index < this.#moulds.length; index += 1) {
      const documents = this.#moulds[index]?.cast(text)
      if (documents !== undefined) return this.#used(index, documents)
    }
    const lines = text.split('\n')
    let compared = 0
    for (let index = 0; index < this.#moulds.length && compared < mostCompared; index += 1) {
      const mould = this.#moulds[index]
      if (mould?.lines.length !== lines.length) continue
      compared += 1
      const documents = mould.learn(lines) ? mould.cast(text) : undefined
      if (documents !== undefined) return this.#used(index, documents)
    }
    return undefined
  }

  /** Keeps a text that was parsed. */
  add(text: MouldText): void {
    const source = text.stream.text
    if (source.length > mostCharacters || source.includes('\r')) return
    if (this.#moulds.unshift(new Mould(text)) > mostMoulds) this.#moulds.pop()
  }

  #used<T>(index: number, result: T): T {
    if (index > 0) this.#moulds.unshift(...this.#moulds.splice(index, 1))
    return result
  }
}
