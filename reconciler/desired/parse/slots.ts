import { EVENT_MAPPING, EVENT_SCALAR, EVENT_SEQUENCE, SCALAR_STYLE, getScalarValue } from 'js-yaml'
import type { Event, ScalarEvent } from 'js-yaml'
import type { IndexedStream } from './events.ts'
import type { Pointer } from './problem.ts'
import { resolvePlain } from './scalars.ts'

/** Where a scalar's value belongs: below which document of the stream, and by which keys and indexes. */
export type Target = { readonly document: number; readonly pointer: Pointer }

/** A line of which one scalar may be another one, and nothing else changes: all that stands before and behind it is as it was. */
export type ScalarSlot = {
  readonly kind: 'plain' | 'single' | 'double'
  readonly target: Target
  readonly before: string
  readonly behind: string
}

/** A line of a block scalar. Lines are `from` to before `to`; `ended` where a line break ends the last one. */
export type BlockSlot = {
  readonly kind: 'block'
  readonly target: Target
  readonly event: ScalarEvent
  /** The lines of the value, each of which stands in a line of the text; undefined where the value is folded. */
  readonly literal: readonly string[] | undefined
  readonly from: number
  readonly to: number
  readonly ended: boolean
}

export type Slot = ScalarSlot | BlockSlot

/** A document's root in a stream: its event's index, and which document it is. */
export type Root = { readonly event: number; readonly document: number }

/**
 * The lines of a text, by index, in which a scalar can be exchanged without any effect on the rest. A scalar within one line ends where
 * what stands behind it makes it end, whatever simple text it is; and which lines a block scalar has is told by their indentation alone
 * (YAML 1.2.2, sections 7.3 and 8.1). Two scalars in one line leave it out.
 */
export function slotsOf(stream: IndexedStream, lines: readonly string[], roots: readonly Root[]): ReadonlyMap<number, Slot> {
  const finder = new SlotFinder(stream, lines)
  for (const { event, document } of roots) finder.look(event, { document, pointer: [] })
  return finder.slots
}

/** Behind a scalar with which its line ends: nothing that a longer one would move. */
const endsLine = /^["']?[ \t]*(?:(?<=[ \t])#.*)?$/

class SlotFinder {
  readonly slots = new Map<number, Slot>()
  readonly #stream: IndexedStream
  readonly #lines: readonly string[]
  readonly #starts: readonly number[]
  readonly #taken = new Set<number>()

  constructor(stream: IndexedStream, lines: readonly string[]) {
    this.#stream = stream
    this.#lines = lines
    let offset = 0
    this.#starts = lines.map((line) => {
      const start = offset
      offset += line.length + 1
      return start
    })
  }

  /** Looks at the node of one event, and at all below it. */
  look(at: number, target: Target): void {
    const event = this.#stream.events[at]
    if (event?.type === EVENT_SCALAR) this.#scalar(event, target)
    else if (event?.type === EVENT_SEQUENCE) {
      this.#children(at).forEach((child, index) => this.look(child, below(target, index)))
    } else if (event?.type === EVENT_MAPPING) {
      const children = this.#children(at)
      for (let index = 0; index + 1 < children.length; index += 2) {
        const key = this.#keyOf(this.#stream.events[children[index] ?? 0])
        if (key !== undefined) this.look(children[index + 1] ?? 0, below(target, key))
      }
    }
  }

  #children(at: number): number[] {
    const { ends } = this.#stream
    const children: number[] = []
    const end = (ends[at] ?? 0) - 1
    for (let child = at + 1; child < end; child = ends[child] ?? end) children.push(child)
    return children
  }

  #keyOf(event: Event | undefined): string | undefined {
    if (event?.type !== EVENT_SCALAR) return undefined
    const text = getScalarValue(this.#stream.text, event)
    return event.style === SCALAR_STYLE.PLAIN ? String(resolvePlain(text)) : text
  }

  #scalar(event: ScalarEvent, target: Target): void {
    if (event.valueStart < 0) return
    const line = this.#lineAt(event.valueStart)
    if (event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK) this.#block(event, line, target)
    else if (event.fast && event.valueEnd > event.valueStart) this.#inLine(event, line, target)
  }

  #inLine(event: ScalarEvent, line: number, target: Target): void {
    const text = this.#lines[line] ?? ''
    const [start, end] = [event.valueStart - (this.#starts[line] ?? 0), event.valueEnd - (this.#starts[line] ?? 0)]
    if (end > text.length || !endsLine.test(text.slice(end))) return
    const kind = kindOf(event)
    // Whether a document holds a null stays what it was.
    if (kind === 'plain' && resolvePlain(text.slice(start, end)) === null) return
    if (kind !== undefined) this.#put(line, { kind, target, before: text.slice(0, start), behind: text.slice(end) })
  }

  #block(event: ScalarEvent, from: number, target: Target): void {
    const { text } = this.#stream
    const to = this.#lineAt(event.valueEnd - 1) + 1
    const ended = text.charAt(event.valueEnd - 1) === '\n'
    const literal = event.style === SCALAR_STYLE.LITERAL_BLOCK ? getScalarValue(text, event).split('\n') : undefined
    const slot: BlockSlot = { kind: 'block', target, event, literal, from, to, ended }
    if (
      event.valueEnd <= event.valueStart ||
      regionOf(slot, (line) => this.#lines[line] ?? '') !== text.slice(event.valueStart, event.valueEnd)
    )
      return
    for (let line = from; line < to; line += 1) this.#put(line, slot)
  }

  #put(line: number, slot: Slot): void {
    if (this.#taken.has(line)) this.slots.delete(line)
    else this.slots.set(line, slot)
    this.#taken.add(line)
  }

  #lineAt(offset: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}

function below({ document, pointer }: Target, part: string | number): Target {
  return { document, pointer: [...pointer, part] }
}

function kindOf({ style }: ScalarEvent): ScalarSlot['kind'] | undefined {
  if (style === SCALAR_STYLE.PLAIN) return 'plain'
  if (style === SCALAR_STYLE.SINGLE_QUOTED) return 'single'
  return style === SCALAR_STYLE.DOUBLE_QUOTED ? 'double' : undefined
}

function regionOf({ from, to, ended }: BlockSlot, lineAt: (line: number) => string): string {
  let text = lineAt(from)
  for (let line = from + 1; line < to; line += 1) text += `\n${lineAt(line)}`
  return ended ? `${text}\n` : text
}

/** The value of a block scalar with other lines, alike in content, in place of some of its own: both by their index in the text. */
export function blockValue(slot: BlockSlot, others: ReadonlyMap<number, string>, lines: readonly string[]): string {
  const { literal, event, from } = slot
  if (literal !== undefined) return literal.map((own, index) => others.get(from + index)?.slice(event.indent) ?? own).join('\n')
  const region = regionOf(slot, (line) => others.get(line) ?? lines[line] ?? '')
  return getScalarValue(region, { ...event, valueStart: 0, valueEnd: region.length })
}

/** Simple texts that are one scalar in their style wherever they stand: nothing in them opens, ends or escapes anything. */
const simple: Readonly<Record<ScalarSlot['kind'], RegExp>> = {
  plain: /^[A-Za-z0-9](?:[A-Za-z0-9._/@+:-]{0,250}[A-Za-z0-9])?$/,
  single: /^[\x20-\x26\x28-\x7e]{1,250}$/,
  double: /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,250}$/,
}

/** What a line says in the slot's place; undefined where it is not this line with another simple scalar. */
export function scalarIn(slot: ScalarSlot, line: string): boolean | number | string | undefined {
  const { kind, before, behind } = slot
  if (line.length <= before.length + behind.length || !line.startsWith(before) || !line.endsWith(behind)) return undefined
  const text = line.slice(before.length, line.length - behind.length)
  if (!simple[kind].test(text)) return undefined
  return kind === 'plain' ? (resolvePlain(text) ?? undefined) : text
}

const contentLine = /^ +[\x21-\x7e][\x20-\x7e]*$/

/** True for two lines that are content of the same indentation: the block scalar that has the one can as well have the other. */
export function isAlikeContent(line: string, other: string): boolean {
  return contentLine.test(line) && contentLine.test(other) && line.search(/[^ ]/) === other.search(/[^ ]/)
}
