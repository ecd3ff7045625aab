import type { Pointer } from '../types.ts'
import { fieldPath } from '../../../../schemas/field-path.ts'
import { fields, present } from './read.ts'
import type { Report } from './report.ts'

type Choice = {
  readonly keys: readonly string[]
  /** What the choice is about: "source", "binding". */
  readonly what: string
  /** True: none of the keys is fine too. */
  readonly optional?: boolean
}

/** Reports an object that has none or several of keys that exclude each other; returns the one key, if there is one. */
export function exactlyOne(report: Report, value: unknown, { pointer, choice }: { pointer: Pointer; choice: Choice }): string | undefined {
  const only = onlyOne(value, choice.keys)
  if (only !== undefined) return only
  const found = present(value, choice.keys)
  if (found.length === 0 && choice.optional === true) return undefined
  const place = fieldPath(pointer)
  if (found.length > 1) {
    report.add('ConflictingFields', [...pointer, found[1] ?? ''], {
      message: `${place} has more than one ${choice.what}: ${found.join(', ')}.`,
      action: 'Keep one of them.',
    })
    return undefined
  }
  const empty = report.emptyKeys(pointer, choice.keys)
  if (empty.length > 0) {
    report.add('MissingField', [...pointer, empty[0] ?? ''], {
      message: `${place}.${empty[0]} is empty, which means that it is not there.`,
      action: `Write "${empty[0]}: {}", or indent what belongs to it.`,
    })
  } else {
    report.add('MissingField', pointer, { message: `${place} has no ${choice.what}.`, action: `Add one of ${choice.keys.join(', ')}.` })
  }
  return undefined
}

/** The one key of these that is there; undefined for none and for several. By the object's own keys: it has fewer than there are choices. */
export function onlyOne(value: unknown, keys: readonly string[]): string | undefined {
  const object = fields(value)
  let only: string | undefined
  for (const key in object) {
    if (object[key] === undefined || object[key] === null || !keys.includes(key)) continue
    if (only !== undefined) return undefined
    only = key
  }
  return only
}
