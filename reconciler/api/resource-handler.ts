import type { ServerResponse } from 'node:http'
import type { ApiObject } from '../status/api-object.ts'
import { badRequest, notFound } from './api-error.ts'
import { listPage } from './list.ts'
import { representationOf } from './negotiate.ts'
import type { ApiOptions } from './ports.ts'
import { presentList, presentOne, type Shown } from './present.ts'
import type { RequestPath } from './request-path.ts'
import type { Resource } from './resources.ts'
import { both, fieldPredicate, labelPredicate, type Predicate } from './selectors.ts'
import { serveWatch } from './watch.ts'
import { refuseWrite } from './write-refusal.ts'

export type ResourceRequest = {
  readonly method: string
  readonly path: RequestPath
  readonly resource: Resource
  readonly query: URLSearchParams
  readonly accept: string | undefined
}

/** The verb that Kubernetes' authorization knows for a request. */
export function verbOf(method: string, path: RequestPath, query: URLSearchParams): string {
  if (method === 'GET') {
    if (isTrue(query.get('watch'))) return 'watch'
    return path.name === undefined ? 'list' : 'get'
  }
  const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' }
  if (method === 'DELETE') return path.name === undefined ? 'deletecollection' : 'delete'
  return verbs[method] ?? method.toLowerCase()
}

/**
 * Answers GET, LIST and WATCH; refuses every write.
 * Returns the body to send, or undefined where it streams to `response` itself.
 * @throws ApiError
 */
export function handleResource(options: ApiOptions, request: ResourceRequest, hijack: () => ServerResponse): unknown {
  const { path, resource, query } = request
  if (path.subresource !== undefined && path.subresource !== 'status')
    throw notFound({ group: path.group, resource: path.resource }, path.name ?? '')
  if (request.method !== 'GET') throw refuseWrite(options, request)
  const shown = shownAs(options, request)
  if (isTrue(query.get('watch'))) {
    watch(options, { request, shown, hijack })
    return undefined
  }
  if (path.name !== undefined) return presentOne(shown, find(options, request))
  const namespace = path.namespace === undefined ? {} : { namespace: path.namespace }
  const matches = selectionOf(request)
  const limit = positive(query.get('limit'), 'limit')
  const token = query.get('continue')
  const page = listPage(options.objects, {
    kind: resource.kind,
    ...namespace,
    ...(matches === undefined ? {} : { matches }),
    ...(limit === undefined ? {} : { limit }),
    ...(token === null || token === '' ? {} : { token }),
  })
  return presentList(shown, page.items, page.metadata)
}

function shownAs(options: ApiOptions, request: ResourceRequest): Shown {
  const include = request.query.get('includeObject')
  return {
    resource: request.resource,
    representation: representationOf(request.accept),
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
    objects: options.objects,
    now: options.clock.now(),
  }
}

/** @throws ApiError 404 */
export function find(options: Pick<ApiOptions, 'objects'>, { path, resource }: Pick<ResourceRequest, 'path' | 'resource'>): ApiObject {
  const object = options.objects.get(resource.kind, path.namespace ?? '', path.name ?? '')
  if (object === undefined) throw notFound({ group: path.group, resource: path.resource }, path.name ?? '')
  return object
}

function selectionOf({ query, resource, path }: ResourceRequest): Predicate | undefined {
  const name = path.name
  const byName: Predicate | undefined = name === undefined ? undefined : (object) => object.metadata.name === name
  const fields = fieldPredicate(query.get('fieldSelector') ?? undefined, resource.kind)
  return both(byName, both(labelPredicate(query.get('labelSelector') ?? undefined), fields))
}

type Watching = { readonly request: ResourceRequest; readonly shown: Shown; readonly hijack: () => ServerResponse }

function watch(options: ApiOptions, { request, shown, hijack }: Watching): void {
  const { path, query, resource } = request
  const matches = selectionOf(request)
  const resourceVersion = query.get('resourceVersion')
  if (resourceVersion !== null && !/^\d{0,16}$/.test(resourceVersion))
    throw badRequest(`invalid resource version "${resourceVersion.slice(0, 50)}"`)
  const seconds = positive(query.get('timeoutSeconds'), 'timeoutSeconds') ?? 1800
  // Missed changes are looked up before anything is written, so that 410 can still be a status code.
  serveWatch(hijack, {
    shown,
    kind: resource.kind,
    ...(path.namespace === undefined ? {} : { namespace: path.namespace }),
    ...(matches === undefined ? {} : { matches }),
    ...(resourceVersion === null ? {} : { resourceVersion }),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    initialEvents: isTrue(query.get('sendInitialEvents')),
    timeoutMs: Math.min(seconds, 86_400) * 1000,
    now: () => options.clock.now(),
  })
}

function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1'
}

function positive(value: string | null, name: string): number | undefined {
  if (value === null || value === '' || value === '0') return undefined
  if (!/^\d{1,9}$/.test(value)) throw badRequest(`invalid ${name} "${value.slice(0, 50)}"`)
  return Number(value)
}
