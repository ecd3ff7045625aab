import { createServer, connect, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { rm } from 'node:fs/promises'

export type Forward = { readonly port: number; close(): Promise<void> }

/** Listens on a loopback port of this network namespace and passes connections to a Unix socket, which namespaces do not separate. */
export async function forwardPortToSocket(socketPath: string, port = 0): Promise<Forward> {
  return await listen({ host: '127.0.0.1', port }, { path: socketPath })
}

/** The other end: listens on the Unix socket and passes connections to a loopback port of this namespace. */
export async function forwardSocketToPort(socketPath: string, port: number): Promise<Forward> {
  await rm(socketPath, { force: true })
  return await listen({ path: socketPath }, { host: '127.0.0.1', port })
}

async function listen(where: { host?: string; port?: number; path?: string }, to: NetConnectOpts): Promise<Forward> {
  const open = new Set<Socket>()
  const server = createServer((socket) => join(socket, connect(to), open))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, resolve)
  })
  const address = server.address()
  return { port: address !== null && typeof address === 'object' ? address.port : 0, close: async () => await closeAll(server, open) }
}

function join(left: Socket, right: Socket, open: Set<Socket>): void {
  for (const socket of [left, right]) {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => {
      left.destroy()
      right.destroy()
    })
  }
  left.pipe(right).pipe(left)
}

async function closeAll(server: Server, open: Set<Socket>): Promise<void> {
  for (const socket of open) socket.destroy()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
