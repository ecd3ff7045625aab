/**
 * Runs on a lab host: the demo's Git server, its image server, and the host's end of the port forward, until standard input ends.
 * Each line of standard input is a fault of the image server.
 */
import { createInterface } from 'node:readline'
import { forwardSocketToPort } from './forward.ts'
import { startGitServer } from './git-server.ts'
import { startImageServer, type ImageFault } from './image-server.ts'
import { demoPorts } from './demo-ports.ts'

type Config = { readonly gitRoot: string; readonly imageRoot: string; readonly socket: string }

/** A line of standard input; without a fault the path is served as it is. */
export type FaultLine = { readonly path: string; readonly fault?: ImageFault }

const config = JSON.parse(process.argv[2] ?? '{}') as Config
const git = await startGitServer({ root: config.gitRoot, port: demoPorts.git, push: true })
const images = await startImageServer({ root: config.imageRoot, port: demoPorts.images })
const forward = await forwardSocketToPort(config.socket, demoPorts.api)
console.log(JSON.stringify({ git: git.url, images: images.url }))

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { path, fault } = JSON.parse(line) as FaultLine
  images.fault(path, fault)
})
lines.once('close', () => {
  void Promise.allSettled([git.close(), images.close(), forward.close()]).then(() => process.exit(0))
})
