import type { ErrorObject } from 'ajv'
import { nearest } from './nearest.ts'
import { fieldPath } from '../../../schemas/field-path.ts'
import { parsePointer } from './pointer.ts'
import type { SchemaNode } from './schema-tree.ts'
import type { Pointer, SchemaFinding } from './types.ts'
import { unknownField } from './unknown-field.ts'

type Context = { readonly kind: string; readonly error: ErrorObject; readonly pointer: Pointer; readonly node: SchemaNode }

const typeNames: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'empty',
}

/** Turns one of Ajv's errors into a finding in plain words; undefined for an error that only repeats another one. */
export function findingOf(kind: string, root: unknown, error: ErrorObject): SchemaFinding | undefined {
  const pointer = parsePointer(error.instancePath, root)
  const context: Context = { kind, error, pointer, node: error.parentSchema ?? {} }
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField(kind, [...pointer, String(params['additionalProperty'])], Object.keys(context.node.properties ?? {}))
    case 'required':
      return missingField(pointer, String(params['missingProperty']))
    case 'propertyNames':
      return undefined
    case 'type':
      return wrongType(context)
    case 'enum':
      return notAllowed(context, (params['allowedValues'] ?? []) as readonly unknown[])
    case 'const':
      return notAllowed(context, [params['allowedValue']])
    default:
      return outOfBounds(context)
  }
}

function missingField(parent: Pointer, name: string): SchemaFinding {
  const field = fieldPath([...parent, name])
  return { code: 'MissingField', field, pointer: parent, message: `${field} is missing.`, action: `Add "${name}".` }
}

function wrongType(context: Context): SchemaFinding {
  const { error, pointer, node } = context
  const wanted = (Array.isArray(node.type) ? (node.type as string[]) : [String(node.type)]).filter((name) => name !== 'null')
  const words = wanted.map((name) => typeNames[name] ?? name).join(' or ')
  const action = typeAction(wanted, error.data)
  const message = `${fieldPath(pointer) || 'The object'} must be ${words}, not ${describeValue(context)}.`
  return invalid(pointer, message, action)
}

function typeAction(wanted: readonly string[], data: unknown): string | undefined {
  if (wanted.includes('string') && (typeof data === 'number' || typeof data === 'boolean')) return 'Put it in quotes.'
  if (wanted.includes('string') && data === null) return 'Write "" for an empty text.'
  const unquotable = wanted.includes('integer') || wanted.includes('number') || wanted.includes('boolean')
  if (unquotable && typeof data === 'string') return 'Write it without quotes.'
  if (wanted.includes('array') && data !== null && typeof data === 'object') return 'Begin each element with a dash.'
  if (wanted.includes('object') && Array.isArray(data)) return 'Leave out the dash.'
  return undefined
}

function notAllowed(context: Context, allowed: readonly unknown[]): SchemaFinding {
  const { error, pointer } = context
  const words = allowed.map(String)
  const near = typeof error.data === 'string' ? nearest(error.data, words) : undefined
  const choice = words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(', ')}`
  const action = near === undefined || words.length === 1 ? undefined : `Did you mean "${near}"?`
  return invalid(pointer, `${fieldPath(pointer)} ${choice}, not ${describeValue(context)}.`, action)
}

function outOfBounds(context: Context): SchemaFinding {
  const { error, pointer, node } = context
  const params = error.params as Record<string, unknown>
  const limit = String(params['limit'])
  // Ajv reports a faulty key of a map at the map, with the key beside it.
  const key = error.propertyName
  const at = key === undefined ? pointer : [...pointer, key]
  const subject = key === undefined ? fieldPath(at) : `The key of ${fieldPath(at)}`
  switch (error.keyword) {
    case 'pattern':
      return invalid(at, `${subject} is not well-formed: ${describeValue(context)}.`, node.patternErrorMessage)
    case 'minimum':
      return invalid(at, `${subject} must be at least ${limit}, not ${describeValue(context)}.`)
    case 'maximum':
      return invalid(at, `${subject} must be at most ${limit}, not ${describeValue(context)}.`)
    case 'minLength':
      return invalid(at, limit === '1' ? `${subject} must not be empty.` : `${subject} must have at least ${limit} characters.`)
    case 'maxLength':
      return invalid(at, `${subject} must have at most ${limit} characters.`)
    case 'maxItems':
      return invalid(at, `${subject} must have at most ${limit} elements.`)
    default:
      return invalid(at, `${subject} ${error.message ?? 'is not valid'}.`)
  }
}

function invalid(pointer: Pointer, message: string, action?: string): SchemaFinding {
  return { code: 'InvalidValue', field: fieldPath(pointer), pointer, message, ...(action === undefined ? {} : { action }) }
}

/** Fields whose content must not show in messages: they hold passwords, keys or addresses with credentials in them. */
const confidential = /^(data|stringData|binaryData|userData|networkData|userDataBase64|networkDataBase64|extraHeaders|url|session|dhCert)$/

/** A value in a message, short, and hidden where it may be a secret. */
function describeValue({ error: { data: value }, pointer }: Context): string {
  if (typeof value !== 'object' && pointer.some((part) => typeof part === 'string' && confidential.test(part)))
    return 'what is written there'
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return 'another value'
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}
