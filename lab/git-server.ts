import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'

export type GitServerAuth = { readonly username?: string; readonly password: string } | { readonly token: string }

export type GitServerOptions = {
  /** Folder that holds bare repositories. */
  readonly root: string
  /** Default: any free one. */
  readonly port?: number
  /** `token` is taken as the password of Basic with any user name, and as a Bearer token. */
  readonly auth?: GitServerAuth
  /** Loopback address to listen on; default 127.0.0.1. */
  readonly host?: string
  /** Lets clients push as well; default false. */
  readonly push?: boolean
}

export type GitServer = { readonly url: string; readonly requests: () => number; close(): Promise<void> }

/** Serves bare repositories by git's own `http-backend` (CGI, git-http-backend(1)): `<url>/<name>.git`. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  let count = 0
  const server = createServer((request, response) => {
    count += 1
    if (!isAllowed(request, options.auth)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('Unauthorized\n')
      return
    }
    serve(options, request, response)
  })
  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((done, fail) => server.once('error', fail).listen(options.port ?? 0, host, done))
  const { port } = server.address() as AddressInfo
  return { url: `http://${host}:${port}`, requests: () => count, close: async () => await closeServer(server) }
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((done) => {
    server.close(() => done())
    server.closeAllConnections()
  })
}

function isAllowed(request: IncomingMessage, auth: GitServerAuth | undefined): boolean {
  if (auth === undefined) return true
  const [scheme = '', value = ''] = (request.headers.authorization ?? '').split(' ')
  if (scheme === 'Bearer') return 'token' in auth && value === auth.token
  const plain = Buffer.from(value, 'base64').toString()
  const split = plain.indexOf(':')
  const [username, password] = [plain.slice(0, split), plain.slice(split + 1)]
  if ('token' in auth) return password === auth.token
  return password === auth.password && (auth.username === undefined || username === auth.username)
}

function serve(options: GitServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const config: readonly [string, string][] = [
    ['safe.directory', '*'],
    ['http.receivepack', options.push === true ? 'true' : 'false'],
  ]
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: resolve(options.root),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'lab',
      REMOTE_ADDR: '127.0.0.1',
      GIT_CONFIG_COUNT: String(config.length),
      ...Object.fromEntries(
        config.flatMap(([key, value], index) => [
          [`GIT_CONFIG_KEY_${index}`, key],
          [`GIT_CONFIG_VALUE_${index}`, value],
        ]),
      ),
    },
  })
  child.once('error', () => response.destroy())
  child.stdin.on('error', () => undefined)
  request.pipe(child.stdin)
  response.once('close', () => child.kill())
  relay(child.stdout, response)
}

/** Turns CGI output (RFC 3875: header lines, an empty line, the body) into an HTTP answer. */
function relay(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) return
    output.off('data', onData)
    let status = 200
    for (const line of head.subarray(0, end).toString().split('\r\n')) {
      const [name = '', ...rest] = line.split(': ')
      if (name.toLowerCase() === 'status') status = Number(rest.join(': ').slice(0, 3))
      else response.setHeader(name, rest.join(': '))
    }
    response.writeHead(status)
    response.write(head.subarray(end + 4))
    output.pipe(response)
  }
  output.on('data', onData)
  output.once('end', () => {
    if (!response.headersSent) response.writeHead(500).end()
  })
}
