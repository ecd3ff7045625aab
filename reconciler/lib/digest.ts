import { hash } from 'node:crypto'
import { ofFrozen } from './frozen.ts'

/** JSON with sorted object keys and without undefined, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  return collectionJson(value)
}

const collectionJson = ofFrozen((value: object): string => (Array.isArray(value) ? canonicalArray(value) : canonicalObject(value)))

function canonicalObject(value: object): string {
  let text = ''
  const keys = Object.keys(value)
  sortKeys(keys)
  for (const key of keys) {
    const field = (value as Record<string, unknown>)[key]
    if (field !== undefined) text += (text === '' ? '{' : ',') + keyJson(key) + canonicalJson(field)
  }
  return text === '' ? '{}' : `${text}}`
}

/** Keys from which the general sort is faster; below, it makes more garbage than the keys are. */
const manyKeys = 24

function sortKeys(keys: string[]): void {
  if (keys.length >= manyKeys) {
    keys.sort()
    return
  }
  for (let index = 1; index < keys.length; index += 1) {
    const key = keys[index] ?? ''
    let at = index
    for (; at > 0 && (keys[at - 1] ?? '') > key; at -= 1) keys[at] = keys[at - 1] ?? ''
    keys[at] = key
  }
}

/** JSON of the keys seen first, which nearly all objects share; as many as hostile data may not exceed. */
const keyTexts = new Map<string, string>()
const mostKeyTexts = 2000
const longestKey = 100

function keyJson(key: string): string {
  const known = keyTexts.get(key)
  if (known !== undefined) return known
  const text = `${JSON.stringify(key)}:`
  if (keyTexts.size < mostKeyTexts && key.length <= longestKey) keyTexts.set(key, text)
  return text
}

function canonicalArray(items: readonly unknown[]): string {
  let text = ''
  for (const item of items) text += (text === '' ? '[' : ',') + canonicalJson(item ?? null)
  return text === '' ? '[]' : `${text}]`
}

/** sha256, in hex, of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex')
}
