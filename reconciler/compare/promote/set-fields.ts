import { judgeBlob } from '../../desired/judge/judge-blob.ts'
import type { JudgedBlob } from '../../desired/judge/types.ts'
import { formatPath, isWithin } from '../../plan/diff/path.ts'
import { differingFields } from '../fields.ts'
import type { FieldEdit } from './edit-text.ts'
import type { Target } from './find-object.ts'
import { writeField } from './promote.ts'

/** The text after edits, the edits that took effect, and those that could not be written without changing something else. */
export type FieldsSet = { readonly text: string; readonly written: readonly FieldEdit[]; readonly left: readonly FieldEdit[] }

/**
 * The text with fields of one object set or removed, in place: comments and layout stay. Every edit is judged like any manifest: one after
 * which the file would be worse, or which changes something else, is left out. Pure.
 */
export function setFields(text: string, target: Target, edits: readonly FieldEdit[]): FieldsSet {
  let current = text
  const written: FieldEdit[] = []
  const left: FieldEdit[] = []
  for (const group of groupsOf(edits)) {
    const edited = group.reduce<string | undefined>(
      (before, edit) => (before === undefined ? undefined : writeField(before, target, edit)),
      current,
    )
    if (edited !== undefined && edited !== current && isClean(current, edited, { target, group })) {
      current = edited
      written.push(...group)
    } else left.push(...group)
  }
  return { text: current, written, left }
}

/** A device and its source make sense only together: edits of entries of the same name are one. */
function groupsOf(edits: readonly FieldEdit[]): FieldEdit[][] {
  const groupOf = ({ path, value }: FieldEdit): string => {
    const last = path.at(-1) ?? ''
    return value === undefined || last.startsWith('[') ? last : formatPath(path.slice(0, -1))
  }
  return [...Map.groupBy(edits, groupOf).values()]
}

function isClean(
  before: string,
  after: string,
  { target, group }: { readonly target: Target; readonly group: readonly FieldEdit[] },
): boolean {
  const old = judgeBlob(Buffer.from(before))
  const now = judgeBlob(Buffer.from(after))
  if (errorsOf(now) > errorsOf(old) || now.objects.length !== old.objects.length) return false
  const paths = group.map(({ path }) => formatPath(path))
  return old.objects.every((object) => {
    const other = now.objects.find(({ key }) => key === object.key)
    if (other === undefined) return false
    const meant = (path: string): boolean => object.key === target.key && paths.some((one) => isWithin(path, one) || isWithin(one, path))
    return differingFields(object, other).every(({ path }) => meant(path))
  })
}

function errorsOf({ problems }: JudgedBlob): number {
  return problems.filter(({ severity }) => severity === 'error').length
}
