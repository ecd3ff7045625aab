import { apiVersionOf, kindInfo, kinds, servedApiVersions } from '../../../schemas/kinds.ts'
import type { KindInfo } from '../../../schemas/kinds.ts'
import { unservedKind } from '../../../schemas/unserved-kinds.ts'
import type { JsonObject } from '../convert/json.ts'
import type { Pointer } from '../parse/problem.ts'
import { nearest } from '../validate/nearest.ts'

/** A fault of an object's apiVersion or kind, before its place is known. */
export type KindFault = {
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly action?: string
  readonly pointer: Pointer
}

/** The apiVersions of each kind. */
const served: ReadonlyMap<string, ReadonlySet<string>> = new Map(kinds.map((info) => [info.kind, new Set(servedApiVersions(info))]))

/** Which kind an object is of, or why it is none that gitvirt runs. A near miss is an error, a kind of others a warning. */
export function recogniseKind(object: JsonObject): KindInfo | KindFault {
  const { apiVersion, kind } = object
  if (typeof kind !== 'string' || kind === '') return missing('kind', kind)
  if (typeof apiVersion !== 'string' || apiVersion === '') return missing('apiVersion', apiVersion)
  const info = kindInfo(kind)
  if (info === undefined || !info.declarable) return unknownKind(kind, apiVersion)
  if (info.group !== groupOf(apiVersion)) return wrongGroup(info, apiVersion)
  if (served.get(kind)?.has(apiVersion) !== true) {
    return {
      severity: 'error',
      code: 'UnsupportedVersion',
      message: `${kind} has no version ${quoted(apiVersion)}.`,
      action: `Write ${servedApiVersions(info).join(', or ')}.`,
      pointer: ['apiVersion'],
    }
  }
  return info
}

function missing(field: string, value: unknown): KindFault {
  const message = value === undefined || value === null || value === '' ? `This object has no ${field}.` : `${field} must be text.`
  return { severity: 'error', code: 'MissingField', message, action: `Give it ${field}.`, pointer: value === undefined ? [] : [field] }
}

/** Groups whose kinds people mean for gitvirt. */
const ownGroups: ReadonlySet<string> = new Set(kinds.map((info) => info.group).filter((group) => group !== ''))

function unknownKind(kind: string, apiVersion: string): KindFault {
  const group = groupOf(apiVersion)
  const unserved = unservedKind(apiVersion, kind)
  if (unserved !== undefined) return passedOver(kind, unserved.reason)
  const near = nearest(
    kind,
    kinds.filter((info) => info.group === group).map((info) => info.kind),
  )
  if (near === undefined) return passedOver(kind, `gitvirt runs ${kinds.map((info) => info.kind).join(', ')}.`)
  return {
    severity: 'error',
    code: 'UnknownKind',
    message: `There is no kind ${quoted(kind)}.`,
    action: `Did you mean ${near}?`,
    pointer: ['kind'],
  }
}

function passedOver(kind: string, action: string): KindFault {
  const message = `gitvirt does not run the kind ${quoted(kind)}: this object is passed over.`
  return { severity: 'warning', code: 'UnsupportedKind', message, action, pointer: ['kind'] }
}

function wrongGroup(info: KindInfo, apiVersion: string): KindFault {
  const action = `Write ${apiVersionOf(info)}.`
  // Another project may well have a kind of the same name.
  const foreign = apiVersion.includes('/') && !ownGroups.has(groupOf(apiVersion))
  if (foreign && nearest(apiVersion, servedApiVersions(info)) === undefined) {
    const message = `gitvirt does not run the kind ${info.kind} of ${quoted(apiVersion)}: this object is passed over.`
    return { severity: 'warning', code: 'UnsupportedKind', message, action, pointer: ['apiVersion'] }
  }
  return {
    severity: 'error',
    code: 'UnknownKind',
    message: `${quoted(apiVersion)} has no kind ${info.kind}.`,
    action,
    pointer: ['apiVersion'],
  }
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.lastIndexOf('/')) : ''
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
