/**
 * Runs on a lab host: the demo's Git server, its image server, and the host's end of the port forward, until standard input ends.
 * Each line of standard input is a fault of the image server.
 */
import { createInterface } from 'node:readline'
import { forwardPortToSocket, forwardSocketToPort } from './forward.ts'
import { startGitServer } from './git-server.ts'
import { startImageServer, type ImageFault } from './image-server.ts'
import { demoPorts } from './demo-ports.ts'

type Config = {
  readonly gitRoot: string
  readonly imageRoot: string
  readonly socket: string
  readonly push: boolean
  readonly reach: readonly Reach[]
}

/** A loopback port of the host that leads to a Unix socket of the one who asks. */
export type Reach = { readonly port: number; readonly socket: string }

/** A line of standard input; without a fault the path is served as it is. */
export type FaultLine = { readonly path: string; readonly fault?: ImageFault }

const config = JSON.parse(process.argv[2] ?? '{}') as Config
const git = await startGitServer({ root: config.gitRoot, port: demoPorts.git, push: config.push })
const images = await startImageServer({ root: config.imageRoot, port: demoPorts.images })
const forwards = [
  await forwardSocketToPort(config.socket, demoPorts.api),
  ...(await Promise.all(config.reach.map(async ({ socket, port }) => await forwardPortToSocket(socket, port)))),
]
console.log(JSON.stringify({ git: git.url, images: images.url }))

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { path, fault } = JSON.parse(line) as FaultLine
  images.fault(path, fault)
})
lines.once('close', () => {
  const ends = [git, images, ...forwards].map(async (one) => await one.close())
  void Promise.allSettled(ends).then(() => process.exit(0))
})
