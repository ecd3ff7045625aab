import type { Pointer } from '../types.ts'
import { fields, items, text } from './read.ts'
import type { Report } from './report.ts'

const noNames: ReadonlySet<string> = new Set()

/** Reports every name that a list holds twice; returns the names. */
export function uniqueNames(report: Report, list: unknown, pointer: Pointer): ReadonlySet<string> {
  const entries = items(list)
  if (entries.length === 0) return noNames
  const names = new Set<string>()
  for (let index = 0; index < entries.length; index += 1) {
    const name = text(fields(entries[index])['name'])
    if (name === undefined) continue
    if (names.has(name)) {
      report.add('DuplicateName', [...pointer, index, 'name'], {
        message: `The name "${name}" is there twice in ${String(pointer.at(-1))}.`,
        action: 'Give each element its own name.',
      })
    }
    names.add(name)
  }
  return names
}
