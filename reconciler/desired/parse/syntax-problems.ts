import { createRequire } from 'node:module'
import type { LineCounter, parseAllDocuments } from 'yaml'
import type { Chunk } from './chunks.ts'
import type { Position, Problem } from './problem.ts'

/** Longest text that the slow parser is given: it tells more, but takes long. */
const slowParserLimit = 256 * 1024
/** Errors reported of one document; what follows a slip of the indentation is rarely worth reading. */
const mostProblems = 10

/**
 * All syntax errors of one document's text, with places in the whole file. The slow parser goes on after an error, where the fast
 * one stops at the first; where it sees none (or the text is too long for it) the fast parser's own words are used.
 */
export function syntaxProblems(chunk: Chunk, fast: Problem, at: (offset: number) => Position): Problem[] {
  if (chunk.text.length > slowParserLimit) return [fast]
  const found: Problem[] = []
  const seen = new Set<string>()
  for (const error of slowErrors(chunk.text)) {
    const place = at(chunk.offset + error.offset)
    const line = `${place.line}:${error.message}`
    if (seen.has(line)) continue
    seen.add(line)
    found.push({ severity: 'error', code: error.code, message: error.message, ...place })
    if (found.length >= mostProblems) break
  }
  return found.length === 0 ? [fast] : found
}

type SlowParser = { readonly LineCounter: typeof LineCounter; readonly parseAllDocuments: typeof parseAllDocuments }

/** Loaded for the first text that needs it: its many modules would be much of the start of every command and thread. */
let slowParser: SlowParser | undefined

type SlowError = { readonly offset: number; readonly code: string; readonly message: string }

function slowErrors(text: string): SlowError[] {
  try {
    slowParser ??= createRequire(import.meta.url)('yaml') as SlowParser
    const documents = slowParser.parseAllDocuments(text, {
      lineCounter: new slowParser.LineCounter(),
      prettyErrors: false,
      version: '1.2',
      merge: true,
      logLevel: 'silent',
    })
    return [...documents].flatMap((document) =>
      document.errors.map((error) => ({
        offset: error.pos[0],
        code: error.code === 'DUPLICATE_KEY' ? 'DuplicateKey' : 'YamlSyntax',
        message: error.code === 'DUPLICATE_KEY' ? 'This key stands twice in one mapping.' : sentence(error.message),
      })),
    )
  } catch {
    // Hostile input may exhaust the parser's stack; the fast parser's finding stands.
    return []
  }
}

/** One bounded line that ends in a full stop, whatever a parser's message holds. */
export function sentence(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  const text = line.charAt(0).toUpperCase() + line.slice(1)
  return /[.!?]$/.test(text) ? text : `${text}.`
}
