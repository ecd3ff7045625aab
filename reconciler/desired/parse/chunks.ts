/** One document's share of a text. */
export type Chunk = { readonly text: string; readonly offset: number }

/**
 * Cuts a text at its document markers. A line that begins with `---` is a marker wherever it stands, in block and quoted scalars
 * too (YAML 1.2.2, production c-forbidden), so lines are enough to tell. Undefined for a text with directives, which belong to
 * the document after the marker.
 */
export function splitDocuments(text: string): Chunk[] | undefined {
  if (/^%(?:YAML|TAG)[ \t]/m.test(text)) return undefined
  const cuts = [...text.matchAll(/(?<=^|\n|\r)---(?=[ \t\r\n]|$)/g)].map((match) => match.index)
  const bounds = [0, ...cuts.filter((cut) => cut > 0), text.length]
  const chunks: Chunk[] = []
  for (let index = 0; index + 1 < bounds.length; index += 1) {
    const offset = bounds[index] ?? 0
    chunks.push({ text: text.slice(offset, bounds[index + 1]), offset })
  }
  const [first] = chunks
  return first !== undefined && isEmpty(first.text) ? chunks.slice(1) : chunks
}

/** True for what may stand before the first marker without being a document: blank lines and comments. */
function isEmpty(text: string): boolean {
  return text.split(/\r?\n/).every((line) => /^[ \t]*(?:#|$)/.test(line))
}
