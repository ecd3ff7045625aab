import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws'
import { describeError, errorCode } from '../lib/errors.ts'
import { authorize } from './access.ts'
import { machineKey, refusalOf } from './actions.ts'
import { ApiError, noSuchPath, statusBody } from './api-error.ts'
import { identify } from './identity.ts'
import type { ApiOptions } from './ports.ts'
import { requestUrl } from '../lib/request-url.ts'
import { parseRequestPath, type RequestPath } from './request-path.ts'
import { subresourceGroup } from './resources.ts'

/** virtctl's name for a stream of bytes without channel numbers (KubeVirt's client-go). */
const plainProtocol = 'plain.kubevirt.io'
const mostFrame = 1024 * 1024
const mostStreams = 256

/** Carries console and vnc over WebSockets; answers false for a path that is not its own. */
export type StreamUpgrade = {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  close(): void
}

export function createStreamUpgrade(options: ApiOptions): StreamUpgrade {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: mostFrame,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(plainProtocol) ? plainProtocol : false),
  })
  return {
    upgrade: (request, socket, head) => {
      const url = requestUrl(request.url)
      const path = parseRequestPath(url.pathname)
      if (path?.group !== subresourceGroup) return false
      socket.on('error', () => socket.destroy())
      void accept({ options, sockets, request, socket, head, path, force: url.searchParams.get('force') === 'true' })
      return true
    },
    close: () => {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}

type Accepting = {
  readonly options: ApiOptions
  readonly sockets: WebSocketServer
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly path: RequestPath
  readonly force: boolean
}

async function accept(call: Accepting): Promise<void> {
  const { options, sockets, request, socket, head, path } = call
  try {
    const guest = await openGuest(call)
    if (socket.destroyed) guest.destroy()
    else sockets.handleUpgrade(request, socket, head, (client) => join(client, guest))
  } catch (error) {
    if (!(error instanceof ApiError)) options.log.warn({ path, error: describeError(error) }, 'stream refused')
    refuse(socket, error instanceof ApiError ? error : refusalOf({ code: errorCode(error), message: describeError(error) }, path))
  }
}

async function openGuest({ options, sockets, request, path, force }: Accepting): Promise<Duplex> {
  const { resource, subresource, namespace, name, version } = path
  const attributes = {
    verb: 'get',
    group: subresourceGroup,
    resource,
    subresource: subresource ?? '',
    name: name ?? '',
    namespace: namespace ?? '',
  }
  authorize(identify(request, options.identity), attributes)
  if (version !== 'v1' || resource !== 'virtualmachineinstances') throw noSuchPath()
  if (subresource !== 'console' && subresource !== 'vnc') throw noSuchPath()
  if (sockets.clients.size >= mostStreams) throw new ApiError(429, 'TooManyRequests', `more than ${mostStreams} streams are open`)
  return await options.streams.open(machineKey(options, path), subresource, force)
}

/** Both ends live and die together; back-pressure goes through, so that a slow reader holds back the guest, not memory. */
function join(client: WebSocket, guest: Duplex): void {
  const person = createWebSocketStream(client)
  const end = (): void => {
    person.destroy()
    guest.destroy()
  }
  for (const side of [person, guest]) side.on('error', end).on('close', end)
  // A guest that ended may have bytes on their way to the person.
  guest.on('end', () => person.end())
  person.pipe(guest)
  guest.pipe(person, { end: false })
}

/** An answer in place of the upgrade. */
function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(statusBody(error))
  const head = [
    `HTTP/1.1 ${error.status} ${error.reason}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
