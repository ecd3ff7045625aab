import type { ApiObject } from '../status/api-object.ts'
import type { Collection } from '../status/collection.ts'
import { badRequest } from './api-error.ts'
import type { Predicate } from './selectors.ts'

export type ListQuery = {
  readonly kind: string
  readonly namespace?: string
  readonly matches?: Predicate
  readonly limit?: number
  readonly token?: string
}

export type Page = { readonly items: readonly ApiObject[]; readonly metadata: Record<string, unknown> }

/** Where the next page begins, and the resourceVersion of the first page: a watch from there misses nothing that a later page lacks. */
type Position = { readonly after: string; readonly resourceVersion: string }

/** @throws ApiError 400 for a continue token that is none of ours */
export function listPage(objects: Collection, query: ListQuery): Page {
  const ids = objects.ids(query.kind)
  const position = query.token === undefined ? undefined : parseToken(query.token)
  const start = position === undefined ? 0 : firstAfter(ids, position.after)
  const resourceVersion = position?.resourceVersion ?? String(objects.resourceVersion())
  const items: ApiObject[] = []
  const limit = query.limit ?? Number.POSITIVE_INFINITY
  let after = ''
  for (let index = start; index < ids.length; index += 1) {
    const id = ids[index] ?? ''
    const object = objectAt(objects, query, id)
    if (object === undefined) continue
    if (items.length === limit) return { items, metadata: { resourceVersion, continue: tokenOf({ after, resourceVersion }) } }
    items.push(object)
    after = id
  }
  return { items, metadata: { resourceVersion } }
}

/** The object of an id, where the query asks for it. One of another namespace is not read. */
function objectAt(objects: Collection, { kind, namespace, matches }: ListQuery, id: string): ApiObject | undefined {
  const slash = id.indexOf('/')
  if (namespace !== undefined && namespace !== id.slice(0, slash)) return undefined
  const object = objects.get(kind, id.slice(0, slash), id.slice(slash + 1))
  return object === undefined || matches === undefined || matches(object) ? object : undefined
}

/** Binary search: the ids are sorted. */
function firstAfter(ids: readonly string[], after: string): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ids[middle] ?? '') <= after) low = middle + 1
    else high = middle
  }
  return low
}

function tokenOf(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function parseToken(token: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.slice(0, 4096), 'base64url').toString('utf8'))
    if (isPosition(value)) return value
  } catch {
    // Told below, in one place.
  }
  throw badRequest('continue key is not valid: it is not one that this server gave')
}

function isPosition(value: unknown): value is Position {
  if (value === null || typeof value !== 'object' || !('after' in value) || !('resourceVersion' in value)) return false
  return typeof value.after === 'string' && typeof value.resourceVersion === 'string' && /^\d{1,16}$/.test(value.resourceVersion)
}
