import { clean, valueText } from '../../plan/text/value.ts'
import type { Comparison, FieldDifference, ObjectDifference } from '../types.ts'
import { countsText, errorText, placesOf, signOf, stateOf, titleOf } from './parts.ts'

/** GitHub takes 65,536 characters in a comment; the shortest of the forges' limits. */
const longest = 65_000

/** A comparison as Markdown for a comment or a wiki: folded by object, cut before a forge would refuse it. */
export function renderMarkdown(comparison: Comparison): string {
  const { base, other, objects, errors } = comparison
  const head = [`### ${code(base)} and ${code(other)}`, '', escape(countsText(comparison))]
  const told = errors.slice(0, 100).map((error) => `- **error** ${escape(errorText(error, comparison))}`)
  const start = [...head, ...(told.length === 0 ? [] : ['', ...told])].join('\n').slice(0, longest / 2)
  let text = start
  for (const [index, object] of objects.entries()) {
    const block = `\n\n${objectBlock(object, comparison)}`
    if (text.length + block.length > longest) return `${text}\n\n${objects.length - index} more objects are left out.\n`
    text += block
  }
  return `${text}\n`
}

function objectBlock(object: ObjectDifference, comparison: Comparison): string {
  const allowed = object.allowed === undefined ? '' : ` (allowed: ${escape(object.allowed)})`
  const title = `<code>${signOf(object)}</code> <b>${escape(titleOf(object))}</b> ${escape(stateOf(object, comparison))}${allowed}`
  const places = placesOf(object)
  const line = `${title}${places === '' ? '' : ` <sub>${escape(places)}</sub>`}`
  if (object.fields.length === 0) return line
  const rows = object.fields.map(row)
  const columns = ['| field | ', cell(comparison.base), ' | ', cell(comparison.other), ' |'].join('')
  return [`<details><summary>${line}</summary>`, '', columns, '|---|---|---|', ...rows, '', '</details>'].join('\n')
}

function row({ path, before, after, allowed }: FieldDifference): string {
  const reason = allowed === undefined ? '' : ` (allowed: ${cell(allowed)})`
  return `| ${code(path)}${reason} | ${before === undefined ? '' : code(valueText(before))} | ${after === undefined ? '' : code(valueText(after))} |`
}

/** Inline code that no value can leave: HTML entities are read in it, Markdown is not. */
function code(text: string): string {
  return `<code>${cell(text)}</code>`
}

function cell(text: string): string {
  return escape(text).replaceAll('|', '&#124;')
}

/** Text that neither Markdown nor HTML nor a forge's mentions read anything into. */
function escape(text: string): string {
  return clean(text).replaceAll(/[&<>"'`*_[\]\\@#~!]/g, (character) => `&#${character.charCodeAt(0)};`)
}
