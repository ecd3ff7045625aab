/** A test for texts by a pattern in which `*` stands for any text; absent matches all. No other character is special. */
export function globTest(pattern: string | undefined): (text: string) => boolean {
  if (pattern === undefined || pattern === '*') return () => true
  if (!pattern.includes('*')) return (text) => text === pattern
  const parts = pattern.split('*')
  return (text) => matchesParts(text, parts)
}

/** Linear in the text for each part, so that no pattern is slow. */
function matchesParts(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

/** What the one `*` of a pattern stands for in a text; empty for a pattern without one; undefined where it does not match. */
export function globCapture(pattern: string, text: string): string | undefined {
  if (!globTest(pattern)(text)) return undefined
  const star = pattern.indexOf('*')
  return star === -1 ? '' : text.slice(star, text.length - (pattern.length - star - 1))
}
