/** A scalar as SOPS reads it, and the bytes that its MAC takes of it. */
export type Scalar = { readonly value: unknown; readonly text: string | undefined }

const words: ReadonlyMap<string, Scalar> = new Map([
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, Scalar] => [word, { value: null, text: undefined }]),
  ...['true', 'True', 'TRUE'].map((word): [string, Scalar] => [word, { value: true, text: 'True' }]),
  ...['false', 'False', 'FALSE'].map((word): [string, Scalar] => [word, { value: false, text: 'False' }]),
])
const integer = /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|0|[1-9][0-9_]*)$/
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const date = /^\d{4}-\d{2}-\d{2}$/

/**
 * What a plain scalar stands for. SOPS reads YAML with go-yaml v3, which knows YAML 1.2's booleans only, and takes the MAC over what it
 * read, not over the text. Source: SOPS' ToBytes (sops.go) and go.yaml.in/yaml/v3 resolve.go.
 */
export function plainScalar(text: string): Scalar {
  const word = words.get(text)
  if (word !== undefined) return word
  if (integer.test(text)) return integerScalar(text)
  if (float.test(text)) {
    const value = Number(text)
    return { value, text: String(value) }
  }
  return { value: text, text: date.test(text) ? `${text}T00:00:00Z` : text }
}

function integerScalar(text: string): Scalar {
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '')
  const size = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const value = text.startsWith('-') ? -size : size
  const number = Number(value)
  return { value: Number.isSafeInteger(number) ? number : text, text: value.toString() }
}
