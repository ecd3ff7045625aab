/**
 * What plain (unquoted) scalars mean. Kubernetes reads YAML with go-yaml v2, so its rules are taken over: a manifest must mean
 * here what it means there. That is YAML 1.1 for booleans (yes, no, on, off, y, n) and octal numbers (0644), YAML 1.2 too
 * (0o644), and no sexagesimal numbers. Dates stay text, as they do for Kubernetes' untyped objects.
 * Source: go.yaml.in/yaml/v2 resolve.go, as used by sigs.k8s.io/yaml.
 *
 * Stricter than there: .nan and .inf stay text (JSON has no such numbers), and so do integers beyond 2^53, which a JavaScript
 * number cannot hold (a Quantity reads the text exactly; any other field refuses it as not a number).
 */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
])
const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL'])
const integer = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

/** First characters that a boolean may have, for parsers that dispatch by them. */
export const booleanFirstChars: readonly string[] = 'yYnNtTfFoO'.split('')
export const nullFirstChars: readonly string[] = ['', '~', 'n', 'N']
export const numberFirstChars: readonly string[] = '+-0123456789'.split('')
export const floatFirstChars: readonly string[] = [...numberFirstChars, '.']

export function resolveBoolean(text: string): boolean | undefined {
  // No word is longer: spares the hash of most texts.
  return text.length > 5 ? undefined : booleans.get(text)
}

export function isNullScalar(text: string): boolean {
  return text.length <= 4 && nulls.has(text)
}

/** The integer that a plain scalar stands for; undefined where it stands for none, or for one beyond 2^53. */
export function resolveInteger(text: string): number | undefined {
  const plain = withoutUnderscores(text)
  if (!integer.test(plain)) return undefined
  const sign = plain.startsWith('-') ? -1 : 1
  const digits = plain.replace(/^[-+]/, '')
  // JavaScript's Number() knows 0x, 0o and 0b, but not the octals of YAML 1.1.
  const value = sign * Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  if (!Number.isSafeInteger(value)) return undefined
  return value === 0 ? 0 : value
}

/** The floating-point number that a plain scalar stands for; integers too, where they are not told apart. */
export function resolveFloat(text: string): number | undefined {
  const plain = withoutUnderscores(text)
  if (!float.test(plain)) return undefined
  const value = Number(plain)
  if (!Number.isFinite(value)) return undefined
  // A number of digits alone that is no safe integer would lose some of them.
  if (/^[-+]?[0-9]+$/.test(plain) && !Number.isSafeInteger(value)) return undefined
  return value === 0 ? 0 : value
}

function withoutUnderscores(text: string): string {
  // go-yaml drops underscores from what starts like a number, and only there.
  return text.includes('_') && !text.startsWith('.') ? text.replaceAll('_', '') : text
}

const wordStarts: ReadonlySet<number> = new Set([...booleanFirstChars, '~', 'N'].map((char) => char.charCodeAt(0)))
const numberStarts: ReadonlySet<number> = new Set(floatFirstChars.map((char) => char.charCodeAt(0)))

/** What a plain scalar without a tag stands for. */
export function resolvePlain(text: string): null | boolean | number | string {
  // Most texts are told by their length or first character.
  if (text.length > 5 && !numberStarts.has(text.charCodeAt(0))) return text
  if (isNullScalar(text)) return null
  const first = text.charCodeAt(0)
  if (wordStarts.has(first)) return resolveBoolean(text) ?? text
  return numberStarts.has(first) ? (resolveInteger(text) ?? resolveFloat(text) ?? text) : text
}
