import { isAdmin, isAllowed, type Attributes } from './access.ts'
import { badRequest, noSuchPath } from './api-error.ts'
import type { Identity } from './identity.ts'
import { decodeReview, isProtobuf } from './review-protobuf.ts'

type Body = { readonly spec?: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>

const writing: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])
const gitOnly: ReadonlySet<string> = new Set(['subresources.kubevirt.io', 'authorization.k8s.io'])

/** selfsubjectaccessreviews and selfsubjectrulesreviews: what the sender itself may do. @throws ApiError */
export function review(identity: Identity, resource: string, body: Buffer): unknown {
  const parsed = parse(body)
  if (resource === 'selfsubjectaccessreviews') return accessReview(identity, parsed)
  if (resource === 'selfsubjectrulesreviews') return rulesReview(identity, parsed)
  throw noSuchPath()
}

function accessReview(identity: Identity, body: Body): unknown {
  const asked = (body.spec?.['resourceAttributes'] ?? body.spec?.['nonResourceAttributes'] ?? {}) as Record<string, unknown>
  const text = (name: string): string => (typeof asked[name] === 'string' ? asked[name] : '')
  const subresource = text('subresource')
  const attributes: Attributes = { verb: text('verb'), group: text('group'), ...(subresource === '' ? {} : { subresource }) }
  const git = writing.has(attributes.verb) && !gitOnly.has(text('group'))
  const allowed = !git && isAllowed(identity, attributes)
  const reason = git ? 'desired state changes only in Git' : ''
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: body.spec ?? {},
    status: { allowed, reason },
  }
}

function rulesReview(identity: Identity, body: Body): unknown {
  const read = { verbs: ['get', 'list', 'watch'], apiGroups: ['*'], resources: ['*'] }
  const act = { verbs: ['get', 'update'], apiGroups: ['subresources.kubevirt.io'], resources: ['*'] }
  const resourceRules = isAdmin(identity) ? [read, act] : isAllowed(identity, { verb: 'get' }) ? [read] : []
  const nonResourceRules = [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version'] }]
  return {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: body.spec ?? {},
    status: { resourceRules, nonResourceRules, incomplete: false },
  }
}

function parse(body: Buffer): Body {
  const decoded = isProtobuf(body) ? decodeReview(body) : undefined
  if (decoded !== undefined) return decoded
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (value !== null && typeof value === 'object') return value as Body
  } catch {
    // Told below.
  }
  throw badRequest('the body is no review')
}
