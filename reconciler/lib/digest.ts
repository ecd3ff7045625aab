import { hash } from 'node:crypto'

/** JSON with sorted object keys and without undefined, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return canonicalArray(value)
  let text = ''
  for (const key of Object.keys(value).sort()) {
    const field = (value as Record<string, unknown>)[key]
    if (field !== undefined) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${canonicalJson(field)}`
  }
  return text === '' ? '{}' : `${text}}`
}

function canonicalArray(items: readonly unknown[]): string {
  let text = ''
  for (const item of items) text += `${text === '' ? '[' : ','}${canonicalJson(item ?? null)}`
  return text === '' ? '[]' : `${text}]`
}

/** sha256, in hex, of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex')
}
