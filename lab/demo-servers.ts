/** Runs on a lab host: the demo's Git server, its image server, and the host's end of the port forward, until standard input ends. */
import { forwardSocketToPort } from './forward.ts'
import { startGitServer } from './git-server.ts'
import { startImageServer } from './image-server.ts'
import { demoPorts } from './demo-ports.ts'

type Config = { readonly gitRoot: string; readonly imageRoot: string; readonly socket: string }

const config = JSON.parse(process.argv[2] ?? '{}') as Config
const git = await startGitServer({ root: config.gitRoot, port: demoPorts.git })
const images = await startImageServer({ root: config.imageRoot, port: demoPorts.images })
const forward = await forwardSocketToPort(config.socket, demoPorts.api)
console.log(JSON.stringify({ git: git.url, images: images.url }))

process.stdin.resume()
process.stdin.once('end', () => {
  void Promise.allSettled([git.close(), images.close(), forward.close()]).then(() => process.exit(0))
})
