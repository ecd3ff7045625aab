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
  const all = objects.list(query.kind)
  const position = query.token === undefined ? undefined : parseToken(query.token)
  const start = position === undefined ? 0 : firstAfter(all, position.after)
  const resourceVersion = position?.resourceVersion ?? String(objects.resourceVersion())
  const items: ApiObject[] = []
  const limit = query.limit ?? Number.POSITIVE_INFINITY
  for (let index = start; index < all.length; index += 1) {
    const object = all[index]
    if (object === undefined || !passes(object, query)) continue
    if (items.length === limit) {
      const last = items.at(-1)
      return { items, metadata: { resourceVersion, continue: tokenOf({ after: last === undefined ? '' : idOf(last), resourceVersion }) } }
    }
    items.push(object)
  }
  return { items, metadata: { resourceVersion } }
}

function passes(object: ApiObject, query: ListQuery): boolean {
  if (query.namespace !== undefined && object.metadata.namespace !== query.namespace) return false
  return query.matches === undefined || query.matches(object)
}

function idOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

/** Binary search: the list is sorted by the same ids. */
function firstAfter(all: readonly ApiObject[], after: string): number {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >> 1
    const object = all[middle]
    if (object !== undefined && idOf(object) <= after) low = middle + 1
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
