import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { SessionMessage } from '../generated/session.ts'
import observation from './observation.json' with { type: 'json' }
import plan from './plan.json' with { type: 'json' }
import session from './session.json' with { type: 'json' }

/** Version of the session's protocol. Both sides must speak the same one. */
export const protocolVersion = 1

/** Path of the session's WebSocket on the reconciler. */
export const sessionPath = '/v1/session'

/** A message that fits the contract, or why it does not. The reason never quotes values: they may be secret. */
export type ParsedMessage = { readonly message: SessionMessage } | { readonly problem: string }

const definitions: Readonly<Record<SessionMessage['type'], string>> = {
  hello: 'Hello',
  welcome: 'Welcome',
  observe: 'Observe',
  apply: 'ApplyPlan',
  'plan-answer': 'PlanAnswer',
  step: 'StepReport',
  command: 'Command',
  'command-answer': 'CommandAnswer',
  'stream-open': 'StreamOpen',
  'stream-close': 'StreamClose',
}

const validators = compile()

function compile(): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv({ strict: false })
  ajv.addSchema([plan, observation, session])
  const entries = Object.entries(definitions).map(([type, name]): [string, ValidateFunction] => {
    return [type, ajv.compile({ $ref: `${session.$id}#/definitions/${name}` })]
  })
  return new Map(entries)
}

/** Reads one text frame of the session and checks it against the wire schemas (schemas/wire/session.json). */
export function parseMessage(text: string): ParsedMessage {
  const value = parseJson(text)
  if (value === undefined || value === null || typeof value !== 'object') return { problem: 'it is no JSON object' }
  const type = (value as Record<string, unknown>)['type']
  const validate = typeof type === 'string' ? validators.get(type) : undefined
  if (validate === undefined) return { problem: 'its type is unknown' }
  if (!validate(value)) return { problem: `${String(type)}: ${describe(validate.errors?.[0])}` }
  return { message: value as SessionMessage }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function describe(error: ErrorObject | undefined): string {
  return error === undefined ? 'invalid' : `${error.instancePath || '/'} ${error.message ?? 'is invalid'}`
}
