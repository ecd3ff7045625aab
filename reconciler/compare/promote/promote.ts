import type { JudgedBlob } from '../../desired/judge/types.ts'
import { judgeBlob } from '../../desired/judge/judge-blob.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { keyText, parseKey, type ObjectKey } from '../../lib/object-key.ts'
import { entrySegment, isWithin, parsePath } from '../../plan/diff/path.ts'
import { orderSegment } from '../../plan/diff/tree.ts'
import { differingFields, ownerPath, type Body } from '../fields.ts'
import type { FieldDifference } from '../types.ts'
import { editDocument } from './edit-document.ts'
import { editText, statedValue, type FieldEdit } from './edit-text.ts'
import { findObject, type Target } from './find-object.ts'

/** One object whose fields are carried over: what the first side has of it, and where the second side has it. */
export type ObjectPromotion = {
  readonly from: Body
  readonly fromText: string
  readonly target: Target
  readonly path: string
  readonly fields: readonly FieldDifference[]
}

/** True for a difference that no edit of one field can take away. */
export function isPromotable({ path }: FieldDifference): boolean {
  return path !== ownerPath && !path.endsWith(orderSegment)
}

/**
 * The text of the second side's file with the fields of one object as the first side has them. Every step is judged like any
 * manifest: the fields must be equal afterwards, and nothing else may have changed.
 * @throws GitvirtError `CannotPromote`
 */
export function promoteFields(text: string, promotion: ObjectPromotion): string {
  const { fields, from, fromText, target } = promotion
  let edited = text
  for (const field of fields) {
    // What the first side leaves to a default, or to what follows from other fields, is left to it here too.
    const value = statedValue(fromText, { key: from.key, ownerKey: from.ownerKey }, parsePath(field.path))
    edited = edit(edited, target, { field, value })
  }
  // Where the default is another one here, the value is written.
  for (const field of unequal(edited, promotion)) edited = edit(edited, target, { field, value: field.before })
  const [rest] = unequal(edited, promotion)
  if (rest !== undefined) throw cannot(promotion, `${rest.path} cannot be written there as it is here`)
  const strange = unintended(text, edited, promotion)
  if (strange !== undefined) throw cannot(promotion, strange)
  return edited
}

function edit(text: string, target: Target, { field, value }: { readonly field: FieldDifference; readonly value: unknown }): string {
  const path = parsePath(field.path)
  const prepared = field.path === 'spec.runStrategy' ? withoutRunning(text, target) : text
  return writeField(prepared, target, value === undefined || value === null ? { path } : { path, value }) ?? text
}

/** The text with one field changed, by lines where that gives YAML, else through the document model; undefined where neither can. */
export function writeField(text: string, target: Target, change: FieldEdit): string | undefined {
  const edited = editText(text, target, change)
  if (edited !== undefined && parses(edited, target)) return edited
  return editDocument(text, target, change)
}

function parses(text: string, target: Target): boolean {
  return findObject(text, target)?.documents.every(({ errors }) => errors.length === 0) === true
}

/** The fields that differ still: all, where the object can no longer be read. */
function unequal(text: string, { from, target, fields }: ObjectPromotion): readonly FieldDifference[] {
  const there = judgeBlob(Buffer.from(text)).objects.find(({ key }) => key === target.key)
  if (there === undefined) return fields
  const rest = differingFields(from, there)
  return fields.filter((field) => rest.some(({ path }) => isWithin(path, field.path)))
}

/** The old form of runStrategy may not stand beside it. */
function withoutRunning(text: string, target: Target): string {
  return writeField(text, target, { path: ['spec', 'running'] }) ?? text
}

/** What else has changed, in words. */
function unintended(before: string, after: string, { target, fields }: ObjectPromotion): string | undefined {
  const old = judgeBlob(Buffer.from(before))
  const now = judgeBlob(Buffer.from(after))
  if (errorsOf(now) > errorsOf(old) || now.objects.length !== old.objects.length) return 'the file would no longer be valid'
  for (const object of old.objects) {
    const other = now.objects.find(({ key }) => key === object.key)
    if (other === undefined) return `${keyText(object.key)} would be gone`
    const own = object.key === target.key
    const strange = differingFields(object, other).find(({ path }) => !own || !fields.some((field) => isWithin(path, field.path)))
    if (strange !== undefined && !(own && fields.some((field) => isWithin(field.path, strange.path)))) {
      return `${strange.path} of ${keyText(object.key)} would change too`
    }
  }
  return undefined
}

function errorsOf({ problems }: JudgedBlob): number {
  return problems.filter(({ severity }) => severity === 'error').length
}

function cannot({ target, path }: Pick<ObjectPromotion, 'target' | 'path'>, why: string): GitvirtError {
  return new GitvirtError({
    code: 'CannotPromote',
    object: target.key,
    at: path,
    message: `${why}.`,
    action: 'Leave it out with --fields or a selector, or edit the file by hand.',
  })
}

export type TemplateAddition = {
  readonly key: ObjectKey
  readonly ownerKey: ObjectKey
  /** As the first side's file states it. */
  readonly template: unknown
  readonly path: string
}

/**
 * The text with one more volume template in a machine that it holds.
 * @throws GitvirtError `CannotPromote`
 */
export function addTemplate(text: string, { key, ownerKey, template, path }: TemplateAddition): string {
  const target = { key: ownerKey }
  const list = ['spec', 'dataVolumeTemplates']
  const listed = Array.isArray(statedValue(text, target, list))
  const addition = listed ? { path: [...list, entrySegment(parseKey(key).name)], value: template } : { path: list, value: [template] }
  const edited = writeField(text, target, addition) ?? text
  const now = judgeBlob(Buffer.from(edited))
  const isThere = now.objects.some((object) => object.key === key && object.ownerKey === ownerKey)
  if (isThere && errorsOf(now) <= errorsOf(judgeBlob(Buffer.from(text)))) return edited
  throw cannot({ target: { key }, path }, `its template cannot be written into ${keyText(ownerKey)}`)
}

/** The document of one object in a file's text, comments in front of it included; undefined where it is an item of a List. */
export function documentText(text: string, target: Target): string | undefined {
  const starts = [0, ...[...text.matchAll(/^---(?: .*)?\n/gm)].map(({ index, 0: mark }) => index + mark.length)]
  const parts = starts.map((start, index) => {
    const next = starts[index + 1]
    return next === undefined ? text.slice(start) : text.slice(start, next).replace(/^---(?: .*)?\n$/m, '')
  })
  return parts.find((part) => {
    const { objects, broken } = judgeBlob(Buffer.from(part))
    return (
      !broken &&
      objects
        .filter(({ ownerKey }) => ownerKey === undefined)
        .map(({ key }) => key)
        .join() === target.key
    )
  })
}
