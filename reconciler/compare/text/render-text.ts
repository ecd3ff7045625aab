import { createPaint, type Paint } from '../../plan/text/paint.ts'
import { clean, valueText } from '../../plan/text/value.ts'
import type { Comparison, FieldDifference, ObjectDifference } from '../types.ts'
import { countsText, errorText, placesOf, signOf, stateOf, titleOf, type Sign } from './parts.ts'

export type RenderOptions = { readonly color?: boolean }

const tints: Readonly<Record<Sign, keyof Paint>> = { '+': 'create', '-': 'delete', '~': 'update', '?': 'warn' }

/** A comparison for people, in the form of a plan: what the second side has more, less and otherwise. */
export function renderText(comparison: Comparison, options: RenderOptions = {}): string {
  const paint = createPaint(options.color === true)
  const blocks = comparison.objects.map((object) => objectText(object, comparison, paint))
  const errors = comparison.errors.map((error) => `${paint.delete('error')}: ${errorText(error, comparison)}`)
  return `${[...blocks, ...(errors.length === 0 ? [] : [errors.join('\n')]), paint.strong(countsText(comparison))].join('\n\n')}\n`
}

function objectText(object: ObjectDifference, comparison: Comparison, paint: Paint): string {
  const sign = signOf(object)
  const places = placesOf(object)
  const where = places === '' ? '' : paint.faint(`  ${places}`)
  const head = `${paint[tints[sign]](sign)} ${paint.strong(titleOf(object))}: ${stateOf(object, comparison)}${reasonText(object.allowed, paint)}${where}`
  const width = Math.max(0, ...object.fields.map(({ path }) => path.length))
  return [head, ...object.fields.map((field) => `    ${fieldText(field, width, paint)}`)].join('\n')
}

function fieldText(field: FieldDifference, width: number, paint: Paint): string {
  const sign: Sign = field.before === undefined ? '+' : field.after === undefined ? '-' : '~'
  return `${paint[tints[sign]](sign)} ${clean(field.path)}:${' '.repeat(width - field.path.length)} ${changeText(field)}${reasonText(field.allowed, paint)}`
}

/** `before -> after`, or the one value that is there. */
export function changeText({ before, after }: FieldDifference): string {
  if (before === undefined) return valueText(after)
  return after === undefined ? valueText(before) : `${valueText(before)} -> ${valueText(after)}`
}

function reasonText(reason: string | undefined, paint: Paint): string {
  return reason === undefined ? '' : paint.faint(`  (allowed: ${clean(reason)})`)
}
