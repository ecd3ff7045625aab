/** Where a trailer of some name stands in a message. */
export type FoundTrailers = {
  /** Values in the block of trailers at the end. */
  readonly values: readonly string[]
  /** True where a line of that name stands anywhere else. */
  readonly misplaced: boolean
}

/**
 * The values of a trailer. Stricter than git-interpret-trailers(1): the last paragraph, which is never the subject, holds trailers and
 * their folded lines only, so that no text around one can make it mean something else.
 */
export function findTrailers(message: string, name: string): FoundTrailers {
  const paragraphs = message
    .replaceAll('\r\n', '\n')
    .trim()
    .split(/\n(?:[ \t]*\n)+/)
  const last = paragraphs.length > 1 ? readBlock(paragraphs.at(-1) ?? '') : undefined
  const wanted = name.toLowerCase()
  const values = (last ?? []).filter((one) => one.name === wanted).map(({ value }) => value)
  const rest = last === undefined ? paragraphs : paragraphs.slice(0, -1)
  const line = new RegExp(`^[ \\t>]*${name}[ \\t]*:`, 'im')
  return { values, misplaced: rest.some((paragraph) => line.test(paragraph)) }
}

type Trailer = { readonly name: string; readonly value: string }

function readBlock(paragraph: string): Trailer[] | undefined {
  const trailers: Trailer[] = []
  for (const line of paragraph.split('\n')) {
    const match = /^([A-Za-z0-9-]+):[ \t]*(.*)$/.exec(line)
    const before = trailers.at(-1)
    if (match !== null) trailers.push({ name: (match[1] ?? '').toLowerCase(), value: (match[2] ?? '').trim() })
    else if (/^[ \t]/.test(line) && before !== undefined)
      trailers[trailers.length - 1] = { ...before, value: `${before.value} ${line.trim()}` }
    else return undefined
  }
  return trailers
}
