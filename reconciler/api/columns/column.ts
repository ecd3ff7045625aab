import { conditionOf, type ApiObject } from '../../status/api-object.ts'
import type { Collection } from '../../status/collection.ts'
import { age } from '../age.ts'

export type Cell = string | number | boolean | null

export type CellContext = { readonly now: Date; readonly objects: Collection }

/** One printer column; priority 0 is always shown, 1 with -o wide. */
export type Column = {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  readonly format?: 'name'
  readonly description: string
  readonly priority: 0 | 1
  readonly cell: (object: ApiObject, context: CellContext) => Cell
}

type Read = Column['cell']

/** @param title name and description of the column */
export function column(title: readonly [string, string], cell: Read, priority: 0 | 1 = 0): Column {
  return { name: title[0], type: 'string', description: title[1], priority, cell }
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  priority: 0,
  cell: (object) => object.metadata.name,
}

export const ageColumn = column(['Age', 'Time since the object was created.'], (object, { now }) =>
  age(object.metadata.creationTimestamp, now),
)

/** The value at a path of fields and list positions, as a cell; '' where there is none. */
export function at(object: unknown, ...path: readonly (string | number)[]): string {
  let value: unknown = object
  for (const step of path) {
    if (value === null || typeof value !== 'object') return ''
    value = (value as Record<string, unknown>)[step]
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** Conditions that hold an object back, and the word for each beside its status. */
const holds: readonly string[] = ['Suspended', 'Leased']

/** ",Suspended" and the like, as kubectl shows a cordoned node; empty where nothing holds the object back. */
export function heldSuffix(object: ApiObject): string {
  return holds.map((type) => (conditionOf(object, type)?.status === 'True' ? `,${type}` : '')).join('')
}

/** Who holds the object back, why and until when. */
export const heldColumn = column(
  ['Held', 'Who holds it back, why and until when.'],
  (object) =>
    holds.flatMap((type) => (conditionOf(object, type)?.status === 'True' ? (conditionOf(object, type)?.message ?? '') : [])).join(' '),
  1,
)

/** A column that shows the value at a path. */
export function field(title: readonly [string, string], path: readonly (string | number)[], priority: 0 | 1 = 0): Column {
  return column(title, (object) => at(object, ...path), priority)
}
