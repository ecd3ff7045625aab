import { connect } from 'node:net'
import { GitvirtError } from '../../reconciler/lib/errors.ts'

/**
 * Resolves when a TCP connection to the reconciler opens over the network as it is now: a probe for network changes.
 * @throws GitvirtError `ReconcilerUnreachable`
 */
export async function reconcilerReachable(url: string, timeoutMs = 5000): Promise<void> {
  const { hostname, port } = new URL(url)
  const opened = Promise.withResolvers<void>()
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port) })
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer in time')))
  socket.once('connect', opened.resolve)
  socket.once('error', opened.reject)
  try {
    await opened.promise
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new GitvirtError({ code: 'ReconcilerUnreachable', message: `Cannot reach the reconciler at ${url}: ${words}`, cause: error })
  } finally {
    socket.destroy()
  }
}
