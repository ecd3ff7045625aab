import { YAMLException, constructFromEvents, parseEvents } from 'js-yaml'
import type { Event } from 'js-yaml'
import { findAliasFault } from './aliases.ts'
import type { AliasFault } from './aliases.ts'
import { splitDocuments } from './chunks.ts'
import type { Chunk } from './chunks.ts'
import { locateOffset, nodeEnds, nodeOffset, survey } from './events.ts'
import type { EventStream } from './events.ts'
import { manifestSchema } from './fast-schema.ts'
import { guessIdentity } from './identity.ts'
import type { GuessedIdentity } from './identity.ts'
import { defaultLimits } from './limits.ts'
import type { ParseLimits } from './limits.ts'
import { createLineIndex } from './lines.ts'
import { Moulds } from './moulds.ts'
import { plainValues } from './plain-values.ts'
import type { Pointer, Position, Problem } from './problem.ts'
import { sentence, syntaxProblems } from './syntax-problems.ts'
import { decodeText } from './text.ts'

/**
 * One document that parsed: plain JSON data, in which no object stands in two places, and where each of its fields stands. What is frozen
 * of it is shared with documents of other files.
 */
export type ParsedDocument = {
  readonly value: unknown
  /** False: no null is anywhere in the value. */
  readonly mayHoldNull: boolean
  /** Place of a field: its key, or its item in a list; the nearest one above where it is not there. */
  readonly locate: (pointer: Pointer) => Position
}

export type ParsedManifest = {
  readonly documents: readonly ParsedDocument[]
  readonly problems: readonly Problem[]
  /** True where something in the file could not be read: what it declares is not fully known. */
  readonly broken: boolean
  /** Which objects the broken documents seem to declare. */
  readonly guesses: readonly GuessedIdentity[]
}

type Context = { readonly limits: ParseLimits; readonly at: (offset: number) => Position; readonly moulds: Moulds; readonly length: number }
type Outcome = { readonly documents: readonly ParsedDocument[]; readonly fault?: undefined } | { readonly fault: Problem }

/**
 * Reads one blob as YAML (JSON is a part of it), any number of documents. Never throws: whatever is wrong becomes a problem, and a
 * broken document does not touch its neighbours. Empty documents are left out.
 */
export function parseManifest(bytes: Uint8Array, limits: ParseLimits = defaultLimits): ParsedManifest {
  const decoded = decodeText(bytes, limits)
  if (typeof decoded !== 'string') return { documents: [], problems: [decoded], broken: true, guesses: [] }
  const moulds = mouldsOf(limits)
  const cast = moulds.cast(decoded)
  if (cast !== undefined) return { documents: cast, problems: [], broken: false, guesses: [] }
  const context = { limits, at: createLineIndex(decoded), moulds, length: decoded.length }
  const whole = { text: decoded, offset: 0 }
  const outcome = parseChunk(whole, context)
  if (outcome.fault === undefined) return { documents: outcome.documents, problems: [], broken: false, guesses: [] }
  return parseApart(splitDocuments(decoded) ?? [whole], context)
}

/** What is refused under one limit is not under another. */
const mouldsByLimits = new WeakMap<ParseLimits, Moulds>()

function mouldsOf(limits: ParseLimits): Moulds {
  const known = mouldsByLimits.get(limits)
  if (known !== undefined) return known
  const moulds = new Moulds()
  mouldsByLimits.set(limits, moulds)
  return moulds
}

/** Parses document by document, for a text that does not parse as a whole. */
function parseApart(chunks: readonly Chunk[], context: Context): ParsedManifest {
  const documents: ParsedDocument[] = []
  const problems: Problem[] = []
  const guesses: GuessedIdentity[] = []
  const { maxObjects } = context.limits
  if (chunks.length > maxObjects) {
    const first = chunks[maxObjects]
    const message = `Only the first ${maxObjects} documents of this file are read.`
    problems.push({ severity: 'error', code: 'TooLarge', message, ...context.at(first?.offset ?? 0) })
  }
  for (const chunk of chunks.slice(0, maxObjects)) {
    const outcome = parseChunk(chunk, context)
    if (outcome.fault === undefined) documents.push(...outcome.documents)
    else {
      problems.push(...syntaxProblems(chunk, outcome.fault, context.at))
      const guess = guessIdentity(chunk.text)
      if (guess !== undefined) guesses.push(guess)
    }
  }
  if (problems.length === 0)
    problems.push({ severity: 'error', code: 'YamlSyntax', message: 'This file does not parse.', line: 1, column: 1 })
  return { documents, problems, broken: true, guesses }
}

function parseChunk(chunk: Chunk, context: Context): Outcome {
  const { limits } = context
  try {
    const events = parseEvents(chunk.text, { maxDepth: limits.maxDepth })
    const stream = { text: chunk.text, events }
    const plain = plainValues(stream)
    const { starts, mayHoldNull } = plain ?? survey(stream)
    if (starts.length > limits.maxObjects) return refuse(chunk, context, { offset: 0, message: `more than ${limits.maxObjects} documents` })
    const values = plain?.values ?? constructed(stream, limits)
    if ('message' in values) return refuse(chunk, context, values)
    const locator = createLocator({ ...stream, ends: plain?.ends }, (offset) => context.at(chunk.offset + offset))
    const roots = values
      .map((value, index) => ({ value, event: (starts[index] ?? 0) + 1 }))
      .filter(({ value }) => value !== null && value !== undefined)
    const documents = roots.map(({ value, event }): ParsedDocument => ({ value, mayHoldNull, locate: locator(event) }))
    const isWhole = plain !== undefined && chunk.text.length === context.length
    if (isWhole)
      context.moulds.add({
        stream: { ...stream, ends: plain.ends },
        documents,
        roots: roots.map(({ event }, document) => ({ event, document })),
      })
    return { documents }
  } catch (error) {
    return { fault: parserFault(error, chunk, context) }
  }
}

/** The values of a stream by the parser's own constructor, none of them shared; or which alias goes beyond the limits. */
function constructed(stream: ParsedStream, limits: ParseLimits): readonly unknown[] | AliasFault {
  const { aliased } = survey(stream)
  const fault = aliased ? findAliasFault(stream, limits) : undefined
  if (fault !== undefined) return fault
  const { text, events } = stream
  const values = constructFromEvents(events, { source: text, schema: manifestSchema, maxTotalMergeKeys: limits.maxMergeKeys })
  return aliased ? values.map(unshare) : values
}

type ParsedStream = EventStream & { readonly events: Event[] }
type MaybeIndexed = EventStream & { readonly ends: readonly number[] | undefined }

/** Finds places below the node at one event; the stream is indexed when a field is first asked for. */
function createLocator(stream: MaybeIndexed, at: (offset: number) => Position): (root: number) => (pointer: Pointer) => Position {
  let { ends } = stream
  return (root) => (pointer) => {
    if (pointer.length === 0) return at(nodeOffset(stream.events[root]))
    ends ??= nodeEnds(stream.events)
    return at(locateOffset({ ...stream, ends }, root, pointer))
  }
}

/** A copy in which no two places hold the same object, so that a default set in one does not show in the other. */
function unshare(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}

function refuse(chunk: Chunk, context: Context, fault: { readonly offset: number; readonly message: string }): Outcome {
  const place = context.at(chunk.offset + fault.offset)
  return { fault: { severity: 'error', code: 'TooLarge', message: `This document is refused: ${fault.message}.`, ...place } }
}

function parserFault(error: unknown, chunk: Chunk, context: Context): Problem {
  const known = error instanceof YAMLException
  const place = context.at(chunk.offset + (known ? (error.mark?.position ?? 0) : 0))
  const message = known ? sentence(error.reason) : 'This document does not parse.'
  const code = known && error.reason === 'duplicated mapping key' ? 'DuplicateKey' : 'YamlSyntax'
  return { severity: 'error', code, message, ...place }
}
