import type { KindInfo } from '../../../schemas/kinds.ts'
import { digestOf } from '../../lib/digest.ts'
import { inputValues } from '../../lib/input-values.ts'
import { objectAt } from '../convert/json.ts'
import type { JsonObject } from '../convert/json.ts'
import type { JudgedItem } from '../judge/judge-item.ts'
import { judgeItem, keyOf } from '../judge/judge-item.ts'
import { itemsOf } from '../judge/manifest-items.ts'
import type { ManifestItem } from '../judge/manifest-items.ts'
import { recogniseKind } from '../judge/recognise.ts'
import type { JudgedObject } from '../judge/types.ts'
import type { ParseLimits } from '../parse/limits.ts'
import type { ParsedDocument } from '../parse/parse-manifest.ts'
import type { Problem } from '../parse/problem.ts'
import type { PlainObject } from '../types.ts'
import { OpenedContents } from './contents.ts'
import { clearDocument, publicBody, valueFields, withPlaceholders } from './clear-body.ts'
import { encryptedKind, isCipherText, isSealable } from './recognise.ts'
import type { Unsealed, Unsealer, UnsealFault } from './unsealer.ts'

/** A document that SOPS encrypted, without its metadata and without its keys: what stands there in clear is checked. */
export function judgeShut(document: ParsedDocument, limits: ParseLimits): JudgedItem {
  const { items, problems } = itemsOf(clearDocument(document), limits)
  const judged = items.map((item) => shutItem(item))
  return joined([...judged, nothingBut(problems)])
}

/** The same document, opened: its objects with their contents, or its claims where it does not open. */
export function judgeOpened(
  document: ParsedDocument,
  unsealed: Unsealed,
  { limits, digest }: { readonly limits: ParseLimits; readonly digest: Unsealer['digest'] },
): JudgedItem {
  const shut = itemsOf(clearDocument(document), limits)
  if (unsealed.fault !== undefined) return joined(faultItems(shut.items, unsealed.fault, document))
  const opened = itemsOf({ value: unsealed.manifest, mayHoldNull: true, locate: document.locate }, limits)
  const items = opened.items.map((item, index) => openedItem(item, { clear: shut.items[index]?.object, digest }))
  return joined([...items, nothingBut(opened.problems)])
}

/** One object of an age file: nothing of it stands in clear. */
export function judgeVeiled(item: JudgedItem, digest: Unsealer['digest']): JudgedItem {
  return sealItem(item, { clear: undefined, digest })
}

function shutItem(item: ManifestItem): JudgedItem {
  const { object } = item
  if (isCipherText(object['kind']) || isCipherText(objectAt(object, 'metadata')['name'])) return nothingBut([unnamed(item)], true)
  const info = recogniseKind(object)
  if (!('severity' in info) && !isSealable(info.kind)) return refused(item, info)
  const judged = judgeItem({ ...item, object: withPlaceholders(object) })
  return { ...judged, objects: judged.objects.map((one) => ({ ...one, ...shutBody(object, one) })) }
}

function unnamed(item: ManifestItem): Problem {
  return {
    severity: 'warning',
    code: 'Encrypted',
    message: 'This document is encrypted with its name, so what it declares cannot be told without the key.',
    action: "Encrypt only the values, with sops --encrypted-regex '^(data|stringData)$'.",
    ...item.locate([]),
  }
}

function refused(item: ManifestItem, info: KindInfo): JudgedItem {
  const key = keyOf(info, item.object)
  const problem: Problem = {
    ...encryptedKind(info.kind),
    ...(key === undefined ? {} : { object: key }),
    ...item.locate([]),
  }
  const invalid = key === undefined ? [] : [{ key, ...item.locate([]) }]
  return { objects: [], invalid, problems: [problem], broken: true }
}

/** The body with cipher text for values: it can be cached, compared and shown. */
function shutBody(object: JsonObject, judged: JudgedObject): Pick<JudgedObject, 'object' | 'digest' | 'sealed'> {
  const values = Object.entries(object).filter(([field]) => valueFields.includes(field))
  const body = { ...judged.object, ...Object.fromEntries(values) }
  return { object: body, digest: digestOf(body), sealed: true }
}

function faultItems(items: readonly ManifestItem[], fault: UnsealFault, document: ParsedDocument): JudgedItem[] {
  if (items.length === 0) return [nothingBut([faultProblem(fault, document)], true)]
  return items.map((item): JudgedItem => {
    const info = recogniseKind(item.object)
    const key = 'severity' in info ? undefined : keyOf(info, item.object)
    if (key === undefined || isCipherText(objectAt(item.object, 'metadata')['name']))
      return nothingBut([faultProblem(fault, document)], true)
    return {
      objects: [],
      invalid: [{ key, shut: fault, ...item.locate([]) }],
      problems: [{ ...faultProblem(fault, item), object: key }],
      broken: true,
    }
  })
}

function faultProblem({ code, message, action }: UnsealFault, at: Pick<ManifestItem, 'locate'>): Problem {
  return { severity: 'error', code, message, ...(action === undefined ? {} : { action }), ...at.locate([]) }
}

type Opening = { readonly clear: JsonObject | undefined; readonly digest: Unsealer['digest'] }

function openedItem(item: ManifestItem, opening: Opening): JudgedItem {
  const info = recogniseKind(item.object)
  if (!('severity' in info) && !isSealable(info.kind)) return refused(item, info)
  return sealItem(judgeItem(item), opening)
}

/** Takes the values out of what was judged, and out of the words for what is wrong with it. */
function sealItem({ objects, invalid, problems, broken }: JudgedItem, opening: Opening): JudgedItem {
  return { objects: objects.map((one) => sealedObject(one, opening)), invalid, problems: problems.map(wordless), broken }
}

function sealedObject(judged: JudgedObject, { clear, digest }: Opening): JudgedObject {
  const object = judged.object as unknown as PlainObject
  const contents = new OpenedContents(digest(object), inputValues(object))
  const body = publicBody(judged.object, clear)
  return { ...judged, object: body, digest: digestOf([body, contents.digest]), sealed: contents }
}

/** A message may quote what it is about; that a field is passed over says the field's name only. */
function wordless(problem: Problem): Problem {
  if (problem.code === 'UnsupportedField') return problem
  const { field, code, severity, line, column, object } = problem
  const what = field === undefined ? 'What is encrypted here' : `${field}, which is encrypted,`
  return {
    severity,
    code,
    message: `${what} is not as its kind wants it (${code}).`,
    action: 'Open the file with its key and check it with "gitvirt validate".',
    line,
    column,
    ...(field === undefined ? {} : { field }),
    ...(object === undefined ? {} : { object }),
  }
}

function nothingBut(problems: readonly Problem[], broken = problems.some(({ severity }) => severity === 'error')): JudgedItem {
  return { objects: [], invalid: [], problems, broken }
}

function joined(items: readonly JudgedItem[]): JudgedItem {
  return {
    objects: items.flatMap(({ objects }) => objects),
    invalid: items.flatMap(({ invalid }) => invalid),
    problems: items.flatMap(({ problems }) => problems),
    broken: items.some(({ broken }) => broken),
  }
}
