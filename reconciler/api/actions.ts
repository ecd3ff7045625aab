import type { Command } from '../../schemas/generated/session.ts'
import { objectKey } from '../lib/object-key.ts'
import { ApiError, badRequest, noSuchPath, notFound } from './api-error.ts'
import type { Identity } from './identity.ts'
import type { ApiOptions, CommandOptions, CommandResult } from './ports.ts'
import type { RequestPath } from './request-path.ts'
import { actions } from './resources.ts'

const verbs: Readonly<Record<string, Command['verb']>> = {
  start: 'start',
  stop: 'stop',
  restart: 'restart',
  pause: 'pause',
  unpause: 'unpause',
  reset: 'reset',
  softreboot: 'soft-reboot',
  guestosinfo: 'guestosinfo',
}

/** HTTP status and reason of an agent's or dispatcher's refusal. */
const refusals: Readonly<Record<string, readonly [number, string]>> = {
  Conflict: [409, 'Conflict'],
  NotFound: [404, 'NotFound'],
  Unsupported: [405, 'MethodNotAllowed'],
  NodeNotReady: [503, 'ServiceUnavailable'],
  Unavailable: [503, 'ServiceUnavailable'],
  NotConnected: [503, 'ServiceUnavailable'],
  ConnectionLost: [503, 'ServiceUnavailable'],
  LinkClosed: [503, 'ServiceUnavailable'],
  TimedOut: [504, 'Timeout'],
  CommandTimedOut: [504, 'Timeout'],
  StreamTimedOut: [504, 'Timeout'],
}

export type ActionRequest = { readonly method: string; readonly path: RequestPath; readonly body: Buffer; readonly identity: Identity }

export type ActionAnswer = { readonly status: number; readonly body: unknown }

/** start, stop, restart, pause, unpause, reset, softreboot (PUT: 202) and guestosinfo (GET: 200). @throws ApiError */
export async function handleAction(options: ApiOptions, request: ActionRequest): Promise<ActionAnswer> {
  const { path, method } = request
  const action = actions.find(({ resource, name }) => resource === path.resource && name === path.subresource)
  const verb = verbs[path.subresource ?? '']
  if (action === undefined || verb === undefined) throw noSuchPath()
  if (action.method !== method) throw new ApiError(405, 'MethodNotAllowed', `${path.subresource ?? ''} is asked for by ${action.method}`)
  const key = machineKey(options, path)
  const result = await options.commands.send(key, verb, { by: request.identity.name, ...optionsOf(request.body) })
  if (!result.ok) throw refusalOf(result, path)
  return method === 'GET'
    ? { status: 200, body: { kind: 'VirtualMachineInstanceGuestAgentInfo', apiVersion: 'subresources.kubevirt.io/v1', ...result.data } }
    : { status: 202, body: '' }
}

/** The machine that a subresource path names. @throws ApiError 404 where it, or its instance, is not there */
export function machineKey({ objects }: Pick<ApiOptions, 'objects'>, { resource, namespace = '', name = '' }: RequestPath): string {
  const kind = resource === 'virtualmachines' ? 'VirtualMachine' : 'VirtualMachineInstance'
  if (objects.get(kind, namespace, name) === undefined) throw notFound({ group: 'kubevirt.io', resource }, name)
  return objectKey('VirtualMachine', namespace, name)
}

/** KubeVirt's StartOptions, StopOptions and RestartOptions, as far as a plain host has them. */
function optionsOf(body: Buffer): Omit<CommandOptions, 'by'> {
  if (body.length === 0) return {}
  const value = parse(body)
  const grace = value['gracePeriod'] ?? value['gracePeriodSeconds']
  if (grace !== undefined && grace !== null && !(Number.isInteger(grace) && Number(grace) >= 0 && Number(grace) <= 86_400)) {
    throw badRequest('gracePeriod is a whole number of seconds from 0 to 86400')
  }
  if (Array.isArray(value['dryRun']) && value['dryRun'].length > 0) throw badRequest('dryRun is not supported: see "gitvirt plan"')
  return {
    ...(typeof grace === 'number' ? { graceSeconds: grace } : {}),
    ...(value['paused'] === true ? { paused: true } : {}),
  }
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (value === null) return {}
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw badRequest('the body is no JSON object')
}

export function refusalOf({ code = 'InternalError', message }: Omit<CommandResult, 'ok'>, path: RequestPath): ApiError {
  const [status, reason] = refusals[code] ?? [500, 'InternalError']
  const subject = `${path.resource}.kubevirt.io "${path.name ?? ''}"`
  return new ApiError(status, reason, `Operation cannot be fulfilled on ${subject}: ${message ?? code}`)
}
