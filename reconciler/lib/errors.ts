import { keyText } from './object-key.ts'

/** What every failure tells: a stable code, whom it concerns, and what a person can do. */
export type ErrorDetails = {
  readonly code: string
  readonly message: string
  /** What the user can do about it, as a sentence. */
  readonly action?: string
  /** Key of the object concerned: Kind/namespace/name. */
  readonly object?: string
  /** file:line:column in Git. */
  readonly at?: string
  readonly host?: string
  /** True: trying again without a change cannot help. */
  readonly terminal?: boolean
  readonly cause?: unknown
}

/** The one error type of the project. Match on `code`, never on the message. */
export class GitvirtError extends Error {
  readonly code: string
  readonly action: string | undefined
  readonly object: string | undefined
  readonly at: string | undefined
  readonly host: string | undefined
  readonly terminal: boolean

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GitvirtError'
    this.code = details.code
    this.action = details.action
    this.object = details.object
    this.at = details.at
    this.host = details.host
    this.terminal = details.terminal ?? false
  }
}

/** One human line for any thrown value: where, what, and what to do. */
export function describeError(error: unknown): string {
  if (!(error instanceof GitvirtError)) return error instanceof Error ? error.message : String(error)
  const object = error.object === undefined ? undefined : keyText(error.object)
  const where = [error.at, object, error.host].filter((part) => part !== undefined).join(' ')
  const action = error.action === undefined ? '' : ` ${error.action}`
  return `${where === '' ? '' : `${where}: `}${error.message}${action}`
}

/** The code of any thrown value; Node's own errors keep theirs (ENOENT, ECONNREFUSED …). */
export function errorCode(error: unknown): string {
  if (error !== null && typeof error === 'object' && 'code' in error && typeof error.code === 'string') return error.code
  return 'Internal'
}
