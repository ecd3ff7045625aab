import { keyText, parseKey } from '../../lib/object-key.ts'
import { clean } from '../../plan/text/value.ts'
import type { Comparison, ObjectDifference, Place, SideError } from '../types.ts'

export type Sign = '+' | '-' | '~' | '?'

const signs: Readonly<Record<ObjectDifference['change'], Sign>> = { added: '+', removed: '-', changed: '~', unknown: '?' }

export function signOf({ change }: Pick<ObjectDifference, 'change'>): Sign {
  return signs[change]
}

/** `Kind namespace/name`, as plans have it, and the other name where it is renamed. */
export function titleOf({ key, otherKey }: Pick<ObjectDifference, 'key' | 'otherKey'>): string {
  const { kind } = parseKey(key)
  return clean(`${kind} ${nameOf(key)}${otherKey === undefined ? '' : ` (there ${nameOf(otherKey)})`}`)
}

function nameOf(key: string): string {
  const { namespace, name } = parseKey(key)
  return namespace === '' ? name : `${namespace}/${name}`
}

/** What is the matter with the object, in words. */
export function stateOf(object: ObjectDifference, { base, other }: Pick<Comparison, 'base' | 'other'>): string {
  switch (object.change) {
    case 'added':
      return `only in ${clean(other)}`
    case 'removed':
      return `only in ${clean(base)}`
    case 'unknown': {
      if (object.unknownOn === 'both') return 'unknown on both sides: see the errors below'
      return `unknown in ${clean(object.unknownOn === 'base' ? base : other)}: see the errors below`
    }
    default:
      return 'differs'
  }
}

/** Where the object stands: once where both sides have it in the same place. */
export function placesOf({ base, other }: ObjectDifference): string {
  const places = [base, other].filter((place) => place !== undefined).map(placeText)
  return [...new Set(places)].join(' | ')
}

/** `path:line`; a host has no lines. */
function placeText({ path, line }: Place): string {
  return clean(line === 0 ? path : `${path}:${line}`)
}

/** One error, with side and place. */
export function errorText({ side, error }: SideError, names: Pick<Comparison, 'base' | 'other'>): string {
  const where = error.line === 0 ? clean(names[side]) : `${clean(names[side])}: ${clean(error.path)}:${error.line}:${error.column}`
  const object = error.object === undefined ? '' : ` (${clean(keyText(error.object))})`
  const action = error.action === undefined ? '' : ` ${clean(error.action)}`
  return `${where}: ${clean(error.message)}${action}${object}`
}

/** The last line: numbers of objects by what is the matter with them. */
export function countsText({ base, other, summary }: Comparison): string {
  const { added, removed, changed, unknown, equal, allowed } = summary
  const rest = `${equal} equal${allowed === 0 ? '' : `, ${allowed} with allowed differences only`}`
  if (added + removed + changed + unknown === 0) return `No differences: ${rest}.`
  const numbers = [
    `${changed} ${changed === 1 ? 'differs' : 'differ'}`,
    `${removed} only in ${clean(base)}`,
    `${added} only in ${clean(other)}`,
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
  ]
  return `Differences: ${numbers.join(', ')}; ${rest}.`
}
