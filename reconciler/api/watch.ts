import type { ServerResponse } from 'node:http'
import type { ApiObject } from '../status/api-object.ts'
import type { WatchEvent } from '../status/collection.ts'
import { expired, statusBody } from './api-error.ts'
import { listPage } from './list.ts'
import { columnDefinitions, metadataOnly, tableRow, versioned, type Shown } from './present.ts'
import type { Predicate } from './selectors.ts'

export type WatchQuery = {
  readonly shown: Shown
  readonly kind: string
  readonly namespace?: string
  readonly matches?: Predicate
  /** Absent or "0": begin with the objects that are there. */
  readonly resourceVersion?: string
  readonly bookmarks: boolean
  /** Begin with the objects and mark the end of them by a bookmark, as sendInitialEvents=true asks. */
  readonly initialEvents: boolean
  readonly timeoutMs: number
  /** The clock at each event, for ages in tables. */
  readonly now: () => Date
}

/** What a client may leave unread before the watch is closed; it may then list again. */
const mostUnsent = 4 * 1024 * 1024
const bookmarkEvery = 60_000

type Type = WatchEvent['type']

/**
 * Streams changes as JSON lines until the client goes, the time is up, or the client is too slow.
 * @throws ApiError 410 where the resourceVersion is too old, before anything is written
 */
export function serveWatch(take: () => ServerResponse, query: WatchQuery): void {
  const { objects } = query.shown
  const fresh = query.initialEvents || query.resourceVersion === undefined || query.resourceVersion === '' || query.resourceVersion === '0'
  const missed = fresh ? [] : objects.since(query.kind, Number(query.resourceVersion))
  if (missed === undefined) {
    throw expired(`too old resource version: ${query.resourceVersion ?? ''} (${objects.resourceVersion()})`)
  }
  const stream = openStream(take())
  const encoder = createEncoder(query)
  const send = (type: Type, object: ApiObject): void => {
    stream.write(encoder.event(type, object))
  }
  const on = (event: WatchEvent): void => forward(query, event, send)
  if (fresh) for (const object of listPage(objects, query).items) send('ADDED', object)
  if (query.initialEvents) stream.write(encoder.bookmark(objects.resourceVersion(), true))
  missed.forEach(on)
  stream.onClose(objects.subscribe(query.kind, on))
  const timer = setTimeout(() => stream.end(), query.timeoutMs)
  stream.onClose(() => clearTimeout(timer))
  if (query.bookmarks) {
    const ticker = setInterval(() => stream.write(encoder.bookmark(objects.resourceVersion(), false)), bookmarkEvery)
    stream.onClose(() => clearInterval(ticker))
  }
}

function wanted({ namespace, matches }: WatchQuery, object: ApiObject): boolean {
  return (namespace === undefined || object.metadata.namespace === namespace) && (matches === undefined || matches(object))
}

/** An object that comes into or leaves a selection is added or deleted for this watcher. */
function forward(query: WatchQuery, event: WatchEvent, send: (type: Type, object: ApiObject) => void): void {
  const before = event.previous !== undefined && wanted(query, event.previous)
  const after = event.type !== 'DELETED' && wanted(query, event.object)
  if (after) send(before ? 'MODIFIED' : 'ADDED', event.object)
  else if (before) send('DELETED', event.object)
}

type Stream = { write(line: string): void; end(): void; onClose(call: () => void): void }

function openStream(response: ServerResponse): Stream {
  const closers: (() => void)[] = []
  let open = true
  const close = (): void => {
    if (!open) return
    open = false
    closers.forEach((call) => call())
  }
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.flushHeaders()
  response.on('close', close)
  const end = (): void => {
    close()
    response.end()
  }
  return {
    end,
    onClose: (call) => (open ? void closers.push(call) : call()),
    write: (line) => {
      if (!open) return
      if (response.writableLength > mostUnsent) {
        response.write(`${JSON.stringify({ type: 'ERROR', object: statusBody(expired('the client reads too slowly; list again')) })}\n`)
        end()
        return
      }
      response.write(line)
    },
  }
}

type Encoder = { event(type: Type, object: ApiObject): string; bookmark(resourceVersion: number, initial: boolean): string }

/** Bodies that do not depend on the watcher are made once for all of them; objects are immutable, so that they are good keys. */
const plainBodies = new WeakMap<ApiObject, string>()

function createEncoder({ shown, now }: WatchQuery): Encoder {
  const { resource, representation } = shown
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  let first = true
  const tableBody = (rows: unknown[], resourceVersion: string): string => {
    const columns = first ? columnDefinitions(resource) : []
    first = false
    return JSON.stringify({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion }, columnDefinitions: columns, rows })
  }
  const body = (object: ApiObject): string => {
    if (representation === 'table') return tableBody([tableRow({ ...shown, now: now() }, object)], object.metadata.resourceVersion)
    if (representation === 'metadata') return JSON.stringify(metadataOnly(object))
    return versioned(resource, object) === object ? plainBody(object) : JSON.stringify(versioned(resource, object))
  }
  return {
    event: (type, object) => `{"type":"${type}","object":${body(object)}}\n`,
    bookmark: (resourceVersion, initial) => {
      const annotations = initial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
      const metadata = { resourceVersion: String(resourceVersion), creationTimestamp: null, ...annotations }
      const marker = { kind: resource.kind, apiVersion, metadata }
      const shownMarker =
        representation === 'table' ? tableBody([{ cells: [], object: marker }], String(resourceVersion)) : JSON.stringify(marker)
      return `{"type":"BOOKMARK","object":${shownMarker}}\n`
    },
  }
}

function plainBody(object: ApiObject): string {
  let text = plainBodies.get(object)
  if (text === undefined) {
    text = JSON.stringify(object)
    plainBodies.set(object, text)
  }
  return text
}
