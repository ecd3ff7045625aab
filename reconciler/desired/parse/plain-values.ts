import { EVENT_DOCUMENT, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, EVENT_SEQUENCE, SCALAR_STYLE, getScalarValue } from 'js-yaml'
import type { Event, ScalarEvent } from 'js-yaml'
import type { EventStream } from './events.ts'
import { resolvePlain } from './scalars.ts'

/** The values of a stream's documents, and what else one walk over its events tells. */
export type PlainValues = {
  readonly values: readonly unknown[]
  /** Indexes of the events that open a document. */
  readonly starts: readonly number[]
  /** For each event that begins a node, the index of the event after that node. */
  readonly ends: readonly number[]
  /** False: no value is null. */
  readonly mayHoldNull: boolean
}

/**
 * Values of a stream that uses the plain part of YAML only, which nearly all manifests do: in a third of the time that the parser's
 * own constructor takes. Undefined where anything else turns up (a tag, an anchor, an alias, a merge, a key that is no text or
 * stands twice): that constructor has then the say, and the words for what is wrong.
 */
export function plainValues(stream: EventStream): PlainValues | undefined {
  const reader = new Reader(stream)
  return reader.documents() ? reader : undefined
}

class Reader implements PlainValues {
  readonly values: unknown[] = []
  readonly starts: number[] = []
  readonly ends: number[] = []
  mayHoldNull = false
  readonly #text: string
  readonly #events: readonly Event[]
  #at = 0
  #plain = true

  constructor({ text, events }: EventStream) {
    this.#text = text
    this.#events = events
  }

  /** False where the stream is not plain. */
  documents(): boolean {
    while (this.#plain && this.#at < this.#events.length) {
      if (this.#events[this.#at]?.type !== EVENT_DOCUMENT) return false
      this.starts.push(this.#at)
      this.#open()
      this.values.push(this.#node())
      this.#close(this.starts.at(-1) ?? 0)
    }
    return this.#plain
  }

  /** The value of the node at the cursor, which moves behind it. The parser has bounded the depth. */
  #node(): unknown {
    const event = this.#events[this.#at]
    if (event === undefined || !isBare(event)) return this.#giveUp()
    if (event.type === EVENT_SCALAR) return this.#scalar(event)
    return event.type === EVENT_MAPPING ? this.#mapping() : this.#sequence()
  }

  #mapping(): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    const start = this.#at
    this.#open()
    while (this.#plain && this.#events[this.#at]?.type !== EVENT_POP) {
      const key = this.#key()
      const value = this.#node()
      // No value is undefined, so most new keys are told without the search of hasOwn.
      if (object[key] !== undefined && Object.hasOwn(object, key)) this.#giveUp()
      object[key] = value
    }
    this.#close(start)
    return object
  }

  #key(): string {
    const event = this.#events[this.#at]
    const key = event?.type === EVENT_SCALAR && isBare(event) ? this.#scalar(event) : undefined
    // It would set the prototype.
    if (typeof key === 'string' && key !== '__proto__') return key
    this.#giveUp()
    return ''
  }

  #sequence(): unknown[] {
    const items: unknown[] = []
    const start = this.#at
    this.#open()
    while (this.#plain && this.#events[this.#at]?.type !== EVENT_POP) items.push(this.#node())
    this.#close(start)
    return items
  }

  #scalar(event: ScalarEvent): unknown {
    this.#at += 1
    this.ends.push(this.#at)
    const text = event.fast ? this.#text.slice(event.valueStart, event.valueEnd) : getScalarValue(this.#text, event)
    if (event.style !== SCALAR_STYLE.PLAIN) return text
    if (text === '<<') return this.#giveUp()
    const value = resolvePlain(text)
    if (value === null) this.mayHoldNull = true
    return value
  }

  #open(): void {
    this.#at += 1
    this.ends.push(0)
  }

  #close(start: number): void {
    this.#at += 1
    this.ends.push(0)
    this.ends[start] = this.#at
  }

  #giveUp(): undefined {
    this.#plain = false
    return undefined
  }
}

/** True for a node without tag and anchor. */
function isBare(event: Event): event is Extract<Event, { readonly tagStart: number }> {
  const { type } = event
  if (type !== EVENT_SCALAR && type !== EVENT_MAPPING && type !== EVENT_SEQUENCE) return false
  return event.tagStart < 0 && event.anchorStart < 0
}
