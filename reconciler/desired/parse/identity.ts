/** What a text that does not parse says it is, as far as its lines tell. */
export type GuessedIdentity = { readonly kind: string; readonly name: string; readonly namespace?: string }

/** Lines of a metadata block that are looked at. */
const mostLines = 500

/**
 * Guesses kind, name and namespace of a broken block-style document from its lines, so that what Git last said of that object
 * stays in force. A wrong guess only keeps an object from being changed or pruned.
 */
export function guessIdentity(text: string): GuessedIdentity | undefined {
  const kind = /^kind:[ \t]+["']?([A-Za-z]{1,64})["']?[ \t]*(?:#.*)?\r?$/m.exec(text)?.[1]
  const start = /^metadata:[ \t]*(?:#.*)?\r?\n/m.exec(text)
  if (kind === undefined || start === null) return undefined
  const block = metadataLines(text.slice(start.index + start[0].length))
  const indent = /^[ \t]*/.exec(block[0] ?? '')?.[0] ?? ''
  const name = fieldOf(block, indent, 'name')
  const namespace = fieldOf(block, indent, 'namespace')
  if (name === undefined) return undefined
  return { kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

function metadataLines(rest: string): string[] {
  const block: string[] = []
  for (const line of rest.split(/\r?\n/, mostLines)) {
    if (/^[ \t]*(?:#|$)/.test(line)) continue
    if (!/^[ \t]/.test(line)) break
    block.push(line)
  }
  return block
}

function fieldOf(lines: readonly string[], indent: string, field: string): string | undefined {
  const line = lines.find((entry) => entry.startsWith(`${indent}${field}:`))
  return line === undefined ? undefined : /:[ \t]+["']?([A-Za-z0-9][A-Za-z0-9.-]{0,252})["']?[ \t]*(?:#.*)?$/.exec(line)?.[1]
}
