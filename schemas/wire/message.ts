import type { ErrorObject, ValidateFunction } from 'ajv'
import type { SessionMessage } from '../generated/session.ts'
import * as wire from '../generated/validators/wire.js'

/** Version of the session's protocol. Both sides must speak the same one. */
export const protocolVersion = 2

/** Path of the session's WebSocket on the reconciler. */
export const sessionPath = '/v1/session'

/** A message that fits the contract, or why it does not. The reason never quotes values: they may be secret. */
export type ParsedMessage = { readonly message: SessionMessage } | { readonly problem: string }

const validators: ReadonlyMap<string, ValidateFunction> = new Map(
  Object.entries({
    hello: wire.Hello,
    welcome: wire.Welcome,
    observe: wire.Observe,
    apply: wire.ApplyPlan,
    'plan-answer': wire.PlanAnswer,
    step: wire.StepReport,
    command: wire.Command,
    'command-answer': wire.CommandAnswer,
    'stream-open': wire.StreamOpen,
    'stream-close': wire.StreamClose,
  } satisfies Record<SessionMessage['type'], ValidateFunction>),
)

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
