import { ApiError } from './api-error.ts'

/** How the client wants objects shown. */
export type Representation = 'object' | 'table' | 'metadata'

/**
 * Chooses from an Accept header: plain JSON, meta.k8s.io/v1 Table, or PartialObjectMetadata(List). The first range that can be served
 * wins, as in Kubernetes; an absent header means JSON.
 * @throws ApiError 406 where nothing fits
 */
export function representationOf(accept: string | undefined): Representation {
  if (accept === undefined || accept.trim() === '') return 'object'
  for (const range of accept.slice(0, 4096).split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue
    const values = new Map(parameters.map((parameter) => splitParameter(parameter)))
    const as = values.get('as')
    if (as === undefined) return 'object'
    if (values.get('g') !== 'meta.k8s.io' || values.get('v') !== 'v1') continue
    if (as === 'Table') return 'table'
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata'
  }
  throw new ApiError(406, 'NotAcceptable', 'only application/json is served, plain or as Table or PartialObjectMetadata of meta.k8s.io/v1')
}

/** True where aggregated discovery is asked for before the plain one. */
export function wantsAggregatedDiscovery(accept: string | undefined): boolean {
  return (accept ?? '')
    .slice(0, 4096)
    .split(',')
    .some((range) => /;\s*g=apidiscovery\.k8s\.io\s*;/.test(`${range};`) && /v=v2\s*(;|$)/.test(range))
}

function splitParameter(parameter: string): [string, string] {
  const at = parameter.indexOf('=')
  return at === -1 ? [parameter, ''] : [parameter.slice(0, at).trim(), parameter.slice(at + 1).trim()]
}
