import { nearest } from './nearest.ts'
import { fieldPath } from '../../../schemas/field-path.ts'
import { fieldsOf } from './schema-tree.ts'
import type { Pointer, SchemaFinding } from './types.ts'

/** Paths of every field of a kind, by the field's name; filled at the first unknown field of the kind. */
const pathsByName = new Map<string, Map<string, string[][]>>()

function pathsOf(kind: string): Map<string, string[][]> {
  const known = pathsByName.get(kind)
  if (known !== undefined) return known
  const paths = new Map<string, string[][]>()
  for (const { path } of fieldsOf(kind)) {
    const name = path.at(-1) ?? ''
    const entry = paths.get(name)
    if (entry === undefined) paths.set(name, [[...path]])
    else entry.push([...path])
  }
  pathsByName.set(kind, paths)
  return paths
}

/** A finding for a key that the schema does not allow at its place, with the nearest name or the place where the name belongs. */
export function unknownField(kind: string, pointer: Pointer, allowed: readonly string[]): SchemaFinding {
  const name = String(pointer.at(-1))
  const parent = fieldPath(pointer.slice(0, -1))
  const action = meantPlace(kind, pointer) ?? meantName(name, allowed)
  return {
    code: 'UnknownField',
    field: fieldPath(pointer),
    pointer,
    message: `${parent === '' ? kind : parent} has no field "${shorten(name)}".`,
    ...(action === undefined ? {} : { action }),
  }
}

function meantName(name: string, allowed: readonly string[]): string | undefined {
  const near = nearest(name, allowed)
  if (near !== undefined) return `Did you mean "${near}"?`
  if (allowed.length === 0) return 'Nothing can be set here; write {}.'
  return allowed.length <= 12 ? `Fields here: ${allowed.toSorted().join(', ')}.` : undefined
}

/** Says where a name that exists elsewhere in the kind belongs, when that is near: most often the line is indented wrongly. */
function meantPlace(kind: string, pointer: Pointer): string | undefined {
  const parent = pointer.slice(0, -1).map((part) => (typeof part === 'number' ? '[]' : part))
  const candidates = pathsOf(kind).get(String(pointer.at(-1))) ?? []
  let best: { readonly home: string[]; readonly steps: number } | undefined
  for (const path of candidates) {
    const home = path.slice(0, -1)
    const steps = stepsBetween(parent, home)
    if (best === undefined || steps < best.steps) best = { home, steps }
  }
  return best === undefined || best.steps > farthestMove ? undefined : describeMove(pointer.slice(0, -1), best.home)
}

/** More steps than this between the two places and the name is another field that happens to be called the same. */
const farthestMove = 4

/** Levels to go up from one place and down to the other; array elements count as part of their array. */
function stepsBetween(from: readonly string[], to: readonly string[]): number {
  const shared = sharedLength(from, to)
  return levels(from.slice(shared)) + levels(to.slice(shared))
}

function sharedLength(left: readonly string[], right: readonly string[]): number {
  let shared = 0
  while (shared < left.length && shared < right.length && left[shared] === right[shared]) shared += 1
  return shared
}

function levels(path: readonly string[]): number {
  return path.filter((part) => part !== '[]').length
}

function describeMove(parent: Pointer, home: readonly string[]): string {
  const generic = parent.map((part) => (typeof part === 'number' ? '[]' : part))
  const shared = sharedLength(generic, home)
  const target = fieldPath([...parent.slice(0, shared), ...home.slice(shared)]).replaceAll('["[]"]', '[]')
  const place = target === '' ? 'the top level of the object' : target
  const up = levels(generic.slice(shared))
  const down = levels(home.slice(shared))
  if (down === 0) return `It belongs ${up === 1 ? 'one level' : `${up} levels`} up, in ${place}: check the indentation.`
  return `It belongs in ${place}: check the indentation.`
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
