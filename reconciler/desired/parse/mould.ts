import { Exchange } from './exchange.ts'
import type { Others } from './exchange.ts'
import type { MouldText } from './moulds.ts'
import type { ParsedDocument } from './parse-manifest.ts'
import { blockValue, isAlikeContent, scalarIn, slotsOf } from './slots.ts'
import type { Slot } from './slots.ts'

/** Of so many lines one may differ: beyond, reading the text anew costs no more. */
const linesPerChange = 3

/** A line in which texts of this form differ, and what stands between it and the one before. */
type Varying = { readonly line: number; readonly own: string; readonly slot: Slot; readonly before: string }

/** One text, and in which of its lines others of the same form have been seen to differ. */
export class Mould {
  readonly lines: readonly string[]
  readonly #text: MouldText
  #slots: ReadonlyMap<number, Slot> | undefined
  #varying: readonly Varying[] = []
  #behind: string
  #exchange: Exchange | undefined

  constructor(text: MouldText) {
    this.#text = text
    this.#behind = text.stream.text
    this.lines = text.stream.text.split('\n')
  }

  /** The documents of a text that differs in the known lines only, and there in simple scalars; undefined for any other. */
  cast(text: string): readonly ParsedDocument[] | undefined {
    const others = this.#othersIn(text)
    if (others === undefined) return undefined
    const { documents } = this.#text
    this.#exchange ??= new Exchange(
      documents.map(({ value }) => value),
      new Set(this.#varying.map(({ slot }) => slot.target)),
    )
    const values = this.#exchange.with(others)
    return documents.map((document, index) => ({ ...document, value: values[index] }))
  }

  /** The scalars that a text has in place of this one's; undefined where it differs in more than the known lines. */
  #othersIn(text: string): Others | undefined {
    const others: Others = new Map()
    let changed: Map<number, string> | undefined
    let at = 0
    for (const { line, own, slot, before } of this.#varying) {
      const start = at + before.length
      // Slices are compared faster than startsWith looks.
      if (text.slice(at, start) !== before) return undefined
      const end = text.indexOf('\n', start)
      at = end < 0 ? text.length : end
      const other = text.slice(start, at)
      if (other === own) continue
      if (slot.kind === 'block') {
        if (!isAlikeContent(own, other)) return undefined
        changed = (changed ?? new Map<number, string>()).set(line, other)
        continue
      }
      const scalar = scalarIn(slot, other)
      if (scalar === undefined) return undefined
      others.set(slot.target, scalar)
    }
    if (text.slice(at) !== this.#behind) return undefined
    if (changed !== undefined) this.#addBlocks(others, changed)
    return others
  }

  #addBlocks(others: Others, changed: ReadonlyMap<number, string>): void {
    for (const { line, slot } of this.#varying) {
      if (slot.kind === 'block' && changed.has(line) && !others.has(slot.target))
        others.set(slot.target, blockValue(slot, changed, this.lines))
    }
  }

  /** Takes the lines in which a text differs for known; false where more than simple scalars differ. */
  learn(lines: readonly string[]): boolean {
    const known = new Set(this.#varying.map(({ line }) => line))
    const most = lines.length / linesPerChange
    for (let line = 0; line < lines.length; line += 1) {
      if (lines[line] === this.lines[line] || known.has(line)) continue
      if (this.#slotAt(line) === undefined || known.add(line).size > most) return false
    }
    this.#vary([...known].sort((a, b) => a - b))
    return true
  }

  #vary(known: readonly number[]): void {
    let next = 0
    const between = (line: number): string => {
      const text = this.lines.slice(next, line).join('\n')
      const isFirst = next === 0
      const isNone = next === line
      next = line + 1
      if (isFirst) return isNone ? '' : `${text}\n`
      return isNone ? '\n' : `\n${text}\n`
    }
    this.#varying = known.flatMap((line) => {
      const slot = this.#slotAt(line)
      return slot === undefined ? [] : [{ line, own: this.lines[line] ?? '', slot, before: between(line) }]
    })
    this.#exchange = undefined
    const rest = this.lines.slice(next)
    this.#behind = next === 0 ? rest.join('\n') : rest.map((line) => `\n${line}`).join('')
  }

  /** Looked for when a similar text comes: most texts of a fleet without patterns never see one. */
  #slotAt(line: number): Slot | undefined {
    this.#slots ??= slotsOf(this.#text.stream, this.lines, this.#text.roots)
    return this.#slots.get(line)
  }
}
