import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Passes connections on to libvirtd until they are cut: to its clients that looks like an end of libvirtd. */
export type Front = {
  readonly open: () => Promise<void>
  /** Cuts all connections; new ones are taken. */
  readonly drop: () => void
  /** Cuts all connections and takes no new ones until `open`. */
  readonly cut: () => void
}

export async function startFront(path: string, behind: string): Promise<Front> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const libvirtd = connect(behind)
    for (const socket of [client, libvirtd]) {
      sockets.add(socket)
      socket.on('error', () => undefined).once('close', () => [client, libvirtd].forEach((one) => one.destroy()))
    }
    client.pipe(libvirtd).pipe(client)
  })
  const drop = (): void => {
    sockets.forEach((socket) => socket.destroy())
    sockets.clear()
  }
  const front: Front = {
    open: async () => {
      server.listen(path)
      await once(server, 'listening')
    },
    drop,
    cut: () => {
      server.close()
      drop()
    },
  }
  await front.open()
  return front
}
