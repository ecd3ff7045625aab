import { EVENT_ALIAS, EVENT_DOCUMENT, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, EVENT_SEQUENCE, SCALAR_STYLE, getScalarValue } from 'js-yaml'
import type { Event, ScalarEvent } from 'js-yaml'
import type { Pointer } from './problem.ts'
import { isNullScalar } from './scalars.ts'

/** A parser's events over the text that their offsets refer to. */
export type EventStream = { readonly text: string; readonly events: readonly Event[] }

/** A stream with its node ends, for lookups. */
export type IndexedStream = EventStream & { readonly ends: readonly number[] }

/** What one look over all events tells. */
export type Survey = {
  /** Indexes of the events that open a document. */
  readonly starts: readonly number[]
  /** True where a document uses an alias: only then need values be unshared and sizes be counted. */
  readonly aliased: boolean
  /** False: no plain scalar stands for null. */
  readonly mayHoldNull: boolean
}

/** Looks over a stream once. */
export function survey({ text, events }: EventStream): Survey {
  const starts: number[] = []
  let aliased = false
  let mayHoldNull = false
  for (let at = 0; at < events.length; at += 1) {
    const event = events[at]
    if (event?.type === EVENT_SCALAR) mayHoldNull ||= isPlainNull(text, event)
    else if (event?.type === EVENT_DOCUMENT) starts.push(at)
    else if (event?.type === EVENT_ALIAS) aliased = true
  }
  return { starts, aliased, mayHoldNull }
}

function isPlainNull(text: string, event: ScalarEvent): boolean {
  if (event.style !== SCALAR_STYLE.PLAIN || event.valueEnd - event.valueStart > 4) return false
  return isNullScalar(text.slice(event.valueStart, event.valueEnd))
}

/** Offset at which a node's text begins: its quote for quoted scalars. */
export function nodeOffset(event: Event | undefined): number {
  if (event === undefined) return 0
  if (event.type === EVENT_SCALAR) {
    const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
    return quoted ? event.valueStart - 1 : event.valueStart
  }
  if (event.type === EVENT_SEQUENCE || event.type === EVENT_MAPPING) return event.start
  return event.type === EVENT_ALIAS ? event.anchorStart - 1 : 0
}

/** For each event that begins a node, the index of the event after that node. One pass, so that no lookup walks twice. */
export function nodeEnds(events: readonly Event[]): number[] {
  const ends = Array.from(events, () => 0)
  const open: number[] = []
  for (let at = 0; at < events.length; at += 1) {
    const type = events[at]?.type
    if (type === EVENT_MAPPING || type === EVENT_SEQUENCE || type === EVENT_DOCUMENT) open.push(at)
    else ends[type === EVENT_POP ? (open.pop() ?? at) : at] = at + 1
  }
  return ends
}

/**
 * Offset of the field that a pointer names, below the node that begins at event `root`: of its key in a mapping, of the item in a
 * sequence. Where the field is not there (or came in by an alias or a merge), the offset of the nearest field above it.
 */
export function locateOffset(stream: IndexedStream, root: number, pointer: Pointer): number {
  let node = root
  let offset = nodeOffset(stream.events[root])
  for (const part of pointer) {
    const found = typeof part === 'number' ? findItem(stream, node, part) : findKey(stream, node, part)
    if (found === undefined) break
    offset = found.offset
    node = found.node
  }
  return offset
}

type Found = { readonly node: number; readonly offset: number }

function findItem({ events, ends }: IndexedStream, node: number, wanted: number): Found | undefined {
  if (events[node]?.type !== EVENT_SEQUENCE) return undefined
  let at = node + 1
  for (let index = 0; index < wanted && events[at]?.type !== EVENT_POP; index += 1) at = ends[at] ?? events.length
  const event = events[at]
  return event === undefined || event.type === EVENT_POP ? undefined : { node: at, offset: nodeOffset(event) }
}

function findKey({ text, events, ends }: IndexedStream, node: number, wanted: string): Found | undefined {
  if (events[node]?.type !== EVENT_MAPPING) return undefined
  let at = node + 1
  while (at < events.length) {
    const key = events[at]
    if (key === undefined || key.type === EVENT_POP) return undefined
    const value = at + 1
    if (key.type === EVENT_SCALAR && isText(text, key, wanted)) return { node: value, offset: nodeOffset(key) }
    at = ends[value] ?? events.length
  }
  return undefined
}

function isText(text: string, event: ScalarEvent, wanted: string): boolean {
  if (!event.fast) return getScalarValue(text, event) === wanted
  return event.valueEnd - event.valueStart === wanted.length && text.startsWith(wanted, event.valueStart)
}
