import { ApiError, qualified } from './api-error.ts'
import type { Identity } from './identity.ts'

const adminGroups: ReadonlySet<string> = new Set(['system:masters', 'gitvirt:admins'])
/** Group of those who may read everything and do nothing. */
export const viewerGroup = 'gitvirt:viewers'
const reading: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

export type Attributes = {
  readonly verb: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly name?: string
  readonly namespace?: string
  readonly path?: string
}

export function isAdmin(identity: Identity): boolean {
  return identity.groups.some((group) => adminGroups.has(group))
}

/** Consoles are read by GET, and yet let one type: they are no reading. */
const interactive: ReadonlySet<string> = new Set(['console', 'vnc'])

/** What an identity may do: admins all, viewers read, everybody ask about themselves. Changes of desired state nobody may: Git has them. */
export function isAllowed(identity: Identity, attributes: Attributes): boolean {
  if (attributes.group === 'authorization.k8s.io' && attributes.verb === 'create') return true
  if (isAdmin(identity)) return true
  if (!identity.groups.includes(viewerGroup)) return false
  return reading.has(attributes.verb) && !interactive.has(attributes.subresource ?? '')
}

/** @throws ApiError 401 for nobody, 403 for one who may not */
export function authorize(identity: Identity | undefined, attributes: Attributes): Identity {
  if (identity === undefined) throw new ApiError(401, 'Unauthorized', 'Unauthorized')
  if (isAllowed(identity, attributes)) return identity
  const user = `User "${identity.name}" cannot ${attributes.verb}`
  if (attributes.resource === undefined) throw new ApiError(403, 'Forbidden', `forbidden: ${user} path "${attributes.path ?? ''}"`)
  const of = { group: attributes.group ?? '', resource: attributes.resource }
  const what = attributes.subresource === undefined ? of.resource : `${of.resource}/${attributes.subresource}`
  const scope = attributes.namespace === undefined ? 'at the cluster scope' : `in the namespace "${attributes.namespace}"`
  const subject = attributes.name === undefined ? qualified(of) : `${qualified(of)} "${attributes.name}"`
  throw new ApiError(403, 'Forbidden', `${subject} is forbidden: ${user} resource "${what}" in API group "${of.group}" ${scope}`)
}
