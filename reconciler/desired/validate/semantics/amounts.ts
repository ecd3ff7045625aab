import { isTooLarge } from '../../../lib/quantity.ts'
import type { Pointer } from '../types.ts'
import { fields } from './read.ts'
import type { Report } from './report.ts'

/** Reports a quantity that is well-formed but larger than anything can be; the schema reports all others. */
export function checkAmount(report: Report, value: unknown, pointer: Pointer): void {
  if ((typeof value !== 'string' && typeof value !== 'number') || !isTooLarge(value)) return
  report.add('InvalidValue', pointer, { message: `${String(pointer.at(-1))} is too large.`, action: 'Write at most 8191Ti.' })
}

/** The same for the requests and limits of `resources`. */
export function checkResourceAmounts(report: Report, resources: unknown, pointer: Pointer): void {
  for (const kind of ['requests', 'limits']) {
    for (const [name, amount] of Object.entries(fields(fields(resources)[kind]))) checkAmount(report, amount, [...pointer, kind, name])
  }
}
