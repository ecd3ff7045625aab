/** A failure that goes to the client as a Kubernetes Status (meta/v1). */
export class ApiError extends Error {
  readonly status: number
  readonly reason: string
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.reason = reason
    this.details = undefined
  }
}

export type ResourceName = { readonly group: string; readonly resource: string }

/** virtualmachines.kubevirt.io, as Kubernetes names a resource in messages. */
export function qualified({ group, resource }: ResourceName): string {
  return group === '' ? resource : `${resource}.${group}`
}

export function notFound(of: ResourceName, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualified(of)} "${name}" not found`)
}

export function noSuchPath(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource')
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource')
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message)
}

export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message)
}

/** The Status object of an error; anything that is no ApiError tells nothing of its inside. */
export function statusBody(error: unknown): Record<string, unknown> {
  const known =
    error instanceof ApiError ? error : new ApiError(500, 'InternalError', 'Internal error; the log of the reconciler says more.')
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: known.message,
    reason: known.reason,
    code: known.status,
  }
}
