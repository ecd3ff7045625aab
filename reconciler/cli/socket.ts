import type { ClientOptions, WebSocket } from 'ws'
import { GitvirtError } from '../lib/errors.ts'
import type { Client } from './client.ts'

/** virtctl's name for a stream without channel bytes. */
const protocol = 'plain.kubevirt.io'

/**
 * Opens a stream subresource (console, vnc) of a running instance.
 * @throws GitvirtError with the server's own reason when it refuses.
 */
export async function openStream(
  client: Client,
  call: { namespace: string; name: string; subresource: 'console' | 'vnc' },
): Promise<WebSocket> {
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${encodeURIComponent(call.namespace)}/virtualmachineinstances/${encodeURIComponent(call.name)}/${call.subresource}`
  const url = new URL(path, client.server)
  url.protocol = 'wss:'
  const { ca, cert, key, headers } = await client.socketOptions()
  const tls = { ca, cert, key, headers } as ClientOptions
  // Loaded here, so that other commands start without it.
  const { WebSocket } = await import('ws')
  const socket = new WebSocket(url, [protocol], { ...tls, perMessageDeflate: false })
  return await new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('error', (cause) =>
      reject(new GitvirtError({ code: 'StreamRefused', message: `${call.subresource} of ${call.name}: ${cause.message}`, cause })),
    )
    socket.once('unexpected-response', (_request, answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => reject(refusal(Buffer.concat(chunks).toString('utf8'), answer.statusCode ?? 0)))
    })
  })
}

function refusal(body: string, code: number): GitvirtError {
  let message = `HTTP ${code}`
  try {
    message = (JSON.parse(body) as { message?: string }).message ?? message
  } catch {
    // Not a Status: the code alone has to do.
  }
  return new GitvirtError({ code: 'StreamRefused', message: `Error from server: ${message}` })
}
