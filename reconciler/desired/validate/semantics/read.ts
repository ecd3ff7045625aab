/** Readers that take any value: the rules run on objects that break the schema too, so that all faults show at once. */

import { parseQuantity } from '../../../lib/quantity.ts'

export type Fields = Readonly<Record<string, unknown>>

const noFields: Fields = Object.freeze({})
const noItems: readonly unknown[] = Object.freeze([])

/** The value as an object; an empty one for anything else. */
export function fields(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : noFields
}

/** The value as a list; an empty one for anything else. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : noItems
}

/** The value as a text, or undefined for anything else and for the empty text. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The value as a quantity, or undefined where it is none; the schema reports those. */
export function quantity(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  try {
    return parseQuantity(value)
  } catch {
    return undefined
  }
}

/** Which of these keys the object has. */
export function present(value: unknown, keys: readonly string[]): readonly string[] {
  const object = fields(value)
  return keys.filter((key) => object[key] !== undefined && object[key] !== null)
}

/** A switch such as `smm: {}` or `smm: {enabled: false}`: on where it is there and not turned off. */
export function switchedOn(value: unknown): boolean {
  return value !== null && typeof value === 'object' && fields(value)['enabled'] !== false
}
