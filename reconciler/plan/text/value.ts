const longest = 200

/** A value on one line, as JSON, cut where it is long. */
export function valueText(value: unknown): string {
  const text = clean(JSON.stringify(value) ?? 'null')
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Control characters from manifests must not steer a terminal. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The same of a text of several lines. */
export function cleanLines(text: string): string {
  return text.split('\n').map(clean).join('\n')
}
