import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { WebSocketServer } from 'ws'
import { sessionPath } from '../../schemas/wire/message.ts'
import { maxFrameBytes } from '../lib/link.ts'
import type { Logger } from '../lib/log.ts'
import type { Pki } from '../lib/pki.ts'
import { requestUrl } from '../lib/request-url.ts'
import { handleEnrolment, isEnrolmentPath } from './enrolment.ts'
import { agentOf } from './peer.ts'
import type { Sessions } from './sessions.ts'

export type EndpointOptions = { readonly pki: Pki; readonly sessions: Sessions; readonly log: Logger }

/** The agents' side of an https server. */
export type AgentEndpoint = {
  /** Handles the upgrade request where its path is the session's; false leaves it to others. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

/**
 * Makes the WebSocket endpoint. The https server that uses it must be made with `tlsOptions`,
 * so that client certificates are asked for; it may serve other paths to clients without one.
 */
function createAgentEndpoint({ pki, sessions, log }: EndpointOptions): AgentEndpoint {
  // Compression is off: it multiplies what a small frame may cost.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false })
  return {
    upgrade(request, socket, head) {
      if (requestUrl(request.url).pathname !== sessionPath) return false
      const peer = agentOf(request.socket as TLSSocket, pki)
      if ('refused' in peer) {
        log.warn({ address: request.socket.remoteAddress, reason: peer.refused }, 'agent refused')
        socket.on('error', () => undefined)
        socket.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${peer.refused}\n`)
        return true
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => sessions.serve(webSocket, peer))
      return true
    },
  }
}

/** TLS options that an https server needs to carry agents' sessions. TLS 1.3 only. */
async function tlsOptions(pki: Pki): Promise<{
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly requestCert: true
  readonly rejectUnauthorized: false
  readonly minVersion: 'TLSv1.3'
}> {
  return { ca: pki.ca, ...(await pki.server()), requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' }
}

export type AgentServer = { readonly port: number; readonly url: string; close(): Promise<void> }

const renewalCheckMs = 3_600_000

/** Serves sessions and enrolment on a port of their own. Port 0 takes a free one. */
export async function listenForAgents(options: EndpointOptions & { readonly host?: string; readonly port: number }): Promise<AgentServer> {
  const { pki, sessions, log } = options
  const endpoint = createAgentEndpoint(options)
  const server = createServer(await tlsOptions(pki), (request, response) => {
    if (isEnrolmentPath(request.url)) void handleEnrolment({ request, response }, { pki, log })
    else response.writeHead(404).end()
  })
  server.on('upgrade', (request, socket, head) => {
    if (!endpoint.upgrade(request, socket, head)) socket.destroy()
  })
  const host = options.host ?? '127.0.0.1'
  await listen(server, host, options.port)
  const renewal = setInterval(() => void renew(server, pki, log), renewalCheckMs)
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      clearInterval(renewal)
      await sessions.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host, port }, listening.resolve)
  await listening.promise
}

async function renew(server: Server, pki: Pki, log: Logger): Promise<void> {
  try {
    server.setSecureContext(await tlsOptions(pki))
  } catch (error) {
    log.error({ error }, 'cannot renew the server certificate')
  }
}
