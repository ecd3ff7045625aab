/** What a URL path below /api or /apis names, in the words of Kubernetes' RequestInfo. */
export type RequestPath = {
  readonly group: string
  readonly version: string
  /** Absent: all namespaces, or a cluster-scoped resource. */
  readonly namespace?: string
  readonly resource: string
  readonly name?: string
  readonly subresource?: string
}

/**
 * Reads /api/v1/… and /apis/{group}/{version}/…. `namespaces/{ns}` alone names the Namespace object itself.
 * Returns undefined for a path of another shape, or one that does not decode.
 */
export function parseRequestPath(path: string): RequestPath | undefined {
  const parts = decodeParts(path)
  if (parts === undefined) return undefined
  const core = parts[0] === 'api'
  if (!core && parts[0] !== 'apis') return undefined
  const [group, version, rest] = core ? ['', parts[1], parts.slice(2)] : [parts[1], parts[2], parts.slice(3)]
  if (group === undefined || version === undefined || rest.length === 0) return undefined
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && rest[1] !== undefined
  const [resource, name, ...tail] = inNamespace ? rest.slice(2) : rest
  if (resource === undefined) return undefined
  return {
    group,
    version,
    resource,
    ...(inNamespace ? { namespace: rest[1] ?? '' } : {}),
    ...(name === undefined ? {} : { name }),
    ...(tail.length === 0 ? {} : { subresource: tail.join('/') }),
  }
}

function decodeParts(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part))
  } catch {
    return undefined
  }
}
