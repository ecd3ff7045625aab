import type { RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { GitvirtError } from '../lib/errors.ts'
import { readConnection, type KubeconfigOptions } from './kubeconfig.ts'

const maxAnswer = 512 * 1024 * 1024

export type CallOptions = {
  readonly method?: string
  readonly body?: unknown
  readonly accept?: string
  readonly signal?: AbortSignal
  readonly contentType?: string
}

/** Speaks to the API server with the owner's kubeconfig. */
export type Client = {
  readonly server: string
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string
  call<T>(path: string, options?: CallOptions): Promise<T>
  /** One parsed JSON value for each line, until the server ends the stream. */
  lines(path: string, options?: CallOptions): AsyncGenerator<unknown>
  /** TLS and header options for a WebSocket to the same server. */
  socketOptions(): Promise<RequestOptions>
}

export function createClient(options: KubeconfigOptions): Client {
  const connection = readConnection(options)
  const { server, namespace } = connection
  const socketOptions = async (): Promise<RequestOptions> => await connection.tls()
  const open = async (path: string, call: CallOptions): Promise<IncomingMessage> =>
    await send(new URL(path, `${server.replace(/\/$/, '')}/`), await socketOptions(), call)
  return {
    server,
    namespace,
    socketOptions,
    call: async <T>(path: string, call: CallOptions = {}) => {
      const answer = await open(path, call)
      return parseAnswer<T>(answer, await readAll(answer))
    },
    lines: async function* (path, call = {}) {
      const answer = await open(path, call)
      if ((answer.statusCode ?? 0) >= 400) parseAnswer(answer, await readAll(answer))
      for await (const line of createInterface({ input: answer })) if (line !== '') yield JSON.parse(line) as unknown
    },
  }
}

async function send(url: URL, tls: RequestOptions, call: CallOptions): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const headers = {
    ...(tls.headers as Record<string, string> | undefined),
    accept: call.accept ?? 'application/json',
    'user-agent': 'gitvirt',
    ...(body === undefined
      ? {}
      : { 'content-type': call.contentType ?? 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  }
  // Not loaded by commands that ask no server.
  const { request } = await import('node:https')
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { ...tls, method: call.method ?? 'GET', headers, ...(call.signal === undefined ? {} : { signal: call.signal }) },
      resolve,
    )
    outgoing.once('error', (error: NodeJS.ErrnoException) => reject(error.name === 'AbortError' ? error : connectError(url, error)))
    outgoing.end(body)
  })
}

function connectError(url: URL, cause: NodeJS.ErrnoException): GitvirtError {
  const action = cause.code === 'ECONNREFUSED' ? 'Is "gitvirt up" running?' : 'Check the server address and certificates in the kubeconfig.'
  return new GitvirtError({
    code: 'ServerUnreachable',
    message: `The server ${url.origin} does not answer: ${cause.message}.`,
    action,
    cause,
  })
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    size += (chunk as Buffer).length
    if (size > maxAnswer)
      throw new GitvirtError({
        code: 'AnswerTooLarge',
        message: 'The server sent more than 512 MiB.',
        action: 'Ask for fewer objects: a namespace, a name or a label selector.',
      })
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

type StatusBody = { readonly kind?: string; readonly message?: string; readonly reason?: string }

/** An API Status becomes an error in kubectl's words. */
function parseAnswer<T>(answer: IncomingMessage, text: string): T {
  const code = answer.statusCode ?? 0
  const json = (answer.headers['content-type'] ?? '').includes('json')
  const body = (json && text !== '' ? JSON.parse(text) : text) as T & StatusBody
  if (code < 400) return body
  const reason = json ? (body.reason ?? 'Unknown') : 'Unknown'
  const message = json ? (body.message ?? text) : text
  throw new GitvirtError({ code: reason, message: `Error from server (${reason}): ${message || `HTTP ${code}`}` })
}
