import { createPaint } from '../../plan/text/paint.ts'
import { clean, valueText } from '../../plan/text/value.ts'
import type { ObjectDifference } from '../types.ts'
import { titleOf } from './parts.ts'

/** What a promotion carries over, as changes of the side that it goes to. */
export function renderPromoted(carried: readonly ObjectDifference[], options: { readonly color?: boolean } = {}): string {
  const paint = createPaint(options.color === true)
  return carried
    .map((object) => {
      if (object.change === 'removed') return `${paint.create('+')} ${titleOf(object)}: added`
      const fields = object.fields.map(
        ({ path, before, after }) =>
          `    ${clean(path)}: ${after === undefined ? '(none)' : valueText(after)} -> ${before === undefined ? '(none)' : valueText(before)}`,
      )
      return [`${paint.update('~')} ${titleOf(object)}`, ...fields].join('\n')
    })
    .join('\n')
}
