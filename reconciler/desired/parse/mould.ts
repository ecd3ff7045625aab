import { deepFreeze } from '../../lib/frozen.ts'
import type { MouldText } from './moulds.ts'
import type { ParsedDocument } from './parse-manifest.ts'
import { blockValue, isAlikeContent, scalarIn, slotsOf } from './slots.ts'
import type { BlockSlot, Slot, Target } from './slots.ts'

/** Of so many lines one may differ: beyond, reading the text anew costs no more. */
const linesPerChange = 3

/** A line in which texts of this form differ, and what stands between it and the one before. */
type Varying = { readonly line: number; readonly slot: Slot; readonly before: string }

/** Another scalar in a slot, or another line of a block scalar. */
type Change = { readonly line: number; readonly slot: Slot; readonly value: boolean | number | string }

/** One text, and in which of its lines others of the same form have been seen to differ. */
export class Mould {
  readonly lines: readonly string[]
  readonly #text: MouldText
  #slots: ReadonlyMap<number, Slot> | undefined
  #varying: readonly Varying[] = []
  #behind: string
  #isFrozen = false

  constructor(text: MouldText) {
    this.#text = text
    this.#behind = text.stream.text
    this.lines = text.stream.text.split('\n')
  }

  /** The documents of a text that differs in the known lines only, and there in simple scalars; undefined for any other. */
  cast(text: string): readonly ParsedDocument[] | undefined {
    const changes = this.#changes(text)
    if (changes === undefined) return undefined
    const { documents } = this.#text
    // What is shared must not change.
    if (!this.#isFrozen) for (const { value } of documents) deepFreeze(value)
    this.#isFrozen = true
    const values = new Values(documents.map(({ value }) => value))
    let blocks: Set<BlockSlot> | undefined
    for (const { slot, value } of changes) {
      if (slot.kind === 'block') blocks = (blocks ?? new Set()).add(slot)
      else values.set(slot.target, value)
    }
    if (blocks !== undefined) {
      const changed = new Map(changes.map(({ line, value }) => [line, value as string]))
      for (const slot of blocks)
        values.set(
          slot.target,
          blockValue(slot, (line) => changed.get(line) ?? this.lines[line] ?? ''),
        )
    }
    return documents.map((document, index) => ({ ...document, value: values.roots[index] }))
  }

  /** How a text differs from this one; undefined where it does in more than the known lines. */
  #changes(text: string): Change[] | undefined {
    const changes: Change[] = []
    let at = 0
    for (const { line, slot, before } of this.#varying) {
      if (!text.startsWith(before, at)) return undefined
      const start = at + before.length
      const end = text.indexOf('\n', start)
      at = end < 0 ? text.length : end
      const own = this.lines[line] ?? ''
      if (at - start === own.length && text.startsWith(own, start)) continue
      const other = text.slice(start, at)
      const value = slot.kind === 'block' ? (isAlikeContent(own, other) ? other : undefined) : scalarIn(slot, other)
      if (value === undefined) return undefined
      changes.push({ line, slot, value })
    }
    return text.length - at === this.#behind.length && text.endsWith(this.#behind) ? changes : undefined
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
      return slot === undefined ? [] : [{ line, slot, before: between(line) }]
    })
    const rest = this.lines.slice(next)
    this.#behind = next === 0 ? rest.join('\n') : rest.map((line) => `\n${line}`).join('')
  }

  /** Looked for when a similar text comes: most texts of a fleet without patterns never see one. */
  #slotAt(line: number): Slot | undefined {
    this.#slots ??= slotsOf(this.#text.stream, this.lines, this.#text.roots)
    return this.#slots.get(line)
  }
}

type Collection = Record<string | number, unknown>

/** Values with some of their scalars exchanged: what lies on the way to one is copied, the rest shared. */
class Values {
  readonly roots: unknown[]

  constructor(roots: unknown[]) {
    this.roots = roots
  }

  set({ document, pointer }: Target, value: unknown): void {
    let parent: Collection = this.roots as unknown as Collection
    let part: string | number = document
    for (const next of pointer) {
      parent = this.#own(parent, part)
      part = next
    }
    parent[part] = value
  }

  /** What is not frozen is a copy already. */
  #own(parent: Collection, part: string | number): Collection {
    const child = parent[part] as Collection
    if (!Object.isFrozen(child)) return child
    const copy = (Array.isArray(child) ? (child as readonly unknown[]).slice() : { ...child }) as Collection
    parent[part] = copy
    return copy
  }
}
