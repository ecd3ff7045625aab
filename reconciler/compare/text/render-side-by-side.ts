import { createPaint, type Paint } from '../../plan/text/paint.ts'
import { clean, valueText } from '../../plan/text/value.ts'
import type { Comparison, FieldDifference, ObjectDifference } from '../types.ts'
import { countsText, errorText, signOf, stateOf, titleOf } from './parts.ts'

export type ColumnOptions = {
  /** Of the terminal, in characters. */
  readonly width: number
  readonly color?: boolean
}

const leastWidth = 60

/** The two sides in columns beside one another: the field, and its value here and there. */
export function renderSideBySide(comparison: Comparison, options: ColumnOptions): string {
  const paint = createPaint(options.color === true)
  const column = Math.floor((Math.max(options.width, leastWidth) - 3) / 2)
  const pair = (left: string, right: string, mark = '|'): string => `${fit(left, column)} ${mark} ${fit(right, column).trimEnd()}`.trimEnd()
  const blocks = comparison.objects.map((object) => objectBlock(object, { comparison, paint, pair }))
  const errors = comparison.errors.map((error) => `${paint.delete('error')}: ${errorText(error, comparison)}`)
  const head = [paint.strong(pair(comparison.base, comparison.other)), '-'.repeat(column * 2 + 3)].join('\n')
  return `${[head, ...blocks, ...(errors.length === 0 ? [] : [errors.join('\n')]), countsText(comparison)].join('\n\n')}\n`
}

type Layout = {
  readonly comparison: Comparison
  readonly paint: Paint
  readonly pair: (left: string, right: string, mark?: string) => string
}

function objectBlock(object: ObjectDifference, { comparison, paint, pair }: Layout): string {
  const allowed = object.allowed === undefined ? '' : `  (allowed: ${clean(object.allowed)})`
  const head = `${paint.strong(`${signOf(object)} ${titleOf(object)}`)}: ${stateOf(object, comparison)}${allowed}`
  return [head, ...object.fields.flatMap((field) => fieldLines(field, paint, pair))].join('\n')
}

function fieldLines(field: FieldDifference, paint: Paint, pair: Layout['pair']): string[] {
  const { path, before, after, allowed } = field
  const reason = allowed === undefined ? '' : paint.faint(`  (allowed: ${clean(allowed)})`)
  const mark = before === undefined ? '>' : after === undefined ? '<' : '|'
  const value = (one: unknown): string => (one === undefined ? '' : `    ${valueText(one)}`)
  return [`  ${clean(path)}${reason}`, pair(value(before), value(after), mark)]
}

function fit(text: string, width: number): string {
  const shown = clean(text)
  return shown.length > width ? `${shown.slice(0, width - 1)}…` : shown.padEnd(width)
}
