import { createReadStream, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

/** What goes wrong for one path. `times` counts down; without it the fault stays until it is cleared. */
export type ImageFault = { readonly times?: number } & (
  | { readonly kind: 'status'; readonly status: number }
  /** Ends the connection after so many bytes of the body. */
  | { readonly kind: 'drop'; readonly afterBytes: number }
  /** Sends fewer bytes and says so in Content-Length. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Sends these bytes instead. */
  | { readonly kind: 'content'; readonly body: Buffer }
  | { readonly kind: 'redirect'; readonly to: string }
  /** Sends so many bytes and then nothing more. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Bytes per second. */
  | { readonly kind: 'slow'; readonly rate: number }
)

export type ImageRequest = { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers'] }

export type ImageServer = {
  readonly url: string
  /** Every request so far, oldest first. */
  readonly requests: ImageRequest[]
  /** Sets the fault of a path such as `/disk.qcow2`; undefined clears it. */
  fault(path: string, fault: ImageFault | undefined): void
  close(): Promise<void>
}

export type ImageServerOptions = {
  readonly root: string
  /** Default: any free one. */
  readonly port?: number
  /** Loopback address to listen on; default 127.0.0.1. */
  readonly host?: string
  /** Basic credentials that requests must carry, as `user:password`. */
  readonly basic?: string
  /** Certificate and private key, PEM; with them it speaks https. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

type Body = { readonly file: string; readonly size: number; readonly etag: string; readonly modified: string }

/** Serves a folder's files with Range, If-Range, ETag and Last-Modified (RFC 9110), and with faults on demand. */
export async function startImageServer(options: ImageServerOptions): Promise<ImageServer> {
  const faults = new Map<string, ImageFault>()
  const requests: ImageRequest[] = []
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    requests.push({ method: request.method ?? 'GET', path, headers: request.headers })
    const basic = options.basic === undefined ? undefined : `Basic ${Buffer.from(options.basic).toString('base64')}`
    if (basic !== undefined && request.headers.authorization !== basic) response.writeHead(401).end()
    else answer(options.root, { request, response, path, fault: takeFault(faults, path) })
  }
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener)
  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((done, fail) => server.once('error', fail).listen(options.port ?? 0, host, done))
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${(server.address() as AddressInfo).port}`,
    requests,
    fault: (path, fault) => void (fault === undefined ? faults.delete(path) : faults.set(path, fault)),
    close: async () => {
      await new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      })
    },
  }
}

function takeFault(faults: Map<string, ImageFault>, path: string): ImageFault | undefined {
  const fault = faults.get(path)
  if (fault?.times === undefined) return fault
  if (fault.times <= 1) faults.delete(path)
  else faults.set(path, { ...fault, times: fault.times - 1 })
  return fault
}

type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly fault: ImageFault | undefined
}

function answer(root: string, exchange: Exchange): void {
  const { response, fault } = exchange
  if (fault?.kind === 'status') response.writeHead(fault.status).end('fault\n')
  else if (fault?.kind === 'redirect') response.writeHead(302, { location: fault.to }).end()
  else if (fault?.kind === 'content') response.writeHead(200, { 'content-length': fault.body.length }).end(fault.body)
  else serveFile(root, exchange)
}

function serveFile(root: string, exchange: Exchange): void {
  const { request, response, fault } = exchange
  const body = findFile(root, exchange.path)
  if (body === undefined) {
    response.writeHead(404).end('not found\n')
    return
  }
  const common = { etag: body.etag, 'last-modified': body.modified, 'accept-ranges': 'bytes' }
  if (request.headers['if-none-match'] === body.etag) {
    response.writeHead(304, common).end()
    return
  }
  const start = rangeStart(request, body)
  const size = fault?.kind === 'truncate' ? Math.min(fault.bytes, body.size) : body.size
  const range = start === 0 ? {} : { 'content-range': `bytes ${start}-${size - 1}/${size}` }
  response.writeHead(start === 0 ? 200 : 206, { ...common, ...range, 'content-length': size - start })
  if (request.method === 'HEAD') response.end()
  else sendBody(response, { file: body.file, start, end: size }, fault)
}

function sendBody(response: ServerResponse, part: { file: string; start: number; end: number }, fault: ImageFault | undefined): void {
  const limit = fault?.kind === 'drop' || fault?.kind === 'stall' ? fault.afterBytes : undefined
  const end = limit === undefined ? part.end : Math.min(part.end, part.start + limit)
  if (end <= part.start) {
    if (fault?.kind === 'drop') response.destroy()
    else if (fault?.kind !== 'stall') response.end()
    return
  }
  const highWaterMark = fault?.kind === 'slow' ? Math.max(1, Math.floor(fault.rate / 10)) : 2 ** 20
  const stream = createReadStream(part.file, { start: part.start, end: end - 1, highWaterMark })
  response.once('close', () => stream.destroy())
  stream.on('error', () => response.destroy())
  stream.pipe(response, { end: limit === undefined })
  if (fault?.kind === 'slow') {
    stream.on('data', () => {
      stream.pause()
      setTimeout(() => stream.resume(), 100)
    })
  }
  if (fault?.kind === 'drop') stream.once('end', () => setTimeout(() => response.destroy(), 20))
}

function rangeStart(request: IncomingMessage, body: Body): number {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const condition = request.headers['if-range']
  if (match === null || (condition !== undefined && condition !== body.etag && condition !== body.modified)) return 0
  const start = Number(match[1])
  return start < body.size ? start : 0
}

function findFile(root: string, path: string): Body | undefined {
  const file = join(root, normalize(path))
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats?.isFile() !== true) return undefined
  return { file, size: stats.size, etag: `"${stats.size}-${Math.floor(stats.mtimeMs)}"`, modified: stats.mtime.toUTCString() }
}
