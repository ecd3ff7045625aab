import { lstat } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { errorCode, GitvirtError } from '../../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'

const connectTimeout = 5000

/**
 * Connects to a guest's Unix socket. The path must be a socket itself: a link would lead to another program of the host.
 * The stream applies back-pressure: it reads no more from the guest than the caller takes.
 * @throws GitvirtError `ConsoleUnavailable`
 */
export async function openSocket(path: string, key: ObjectKey): Promise<Duplex> {
  const unavailable = (why: string, cause?: unknown): GitvirtError =>
    new GitvirtError({
      code: 'ConsoleUnavailable',
      message: `The guest's socket cannot be opened: ${why}.`,
      action: 'Check that the guest runs and has this device.',
      object: key,
      cause,
    })
  const about = await lstat(path).catch((error: unknown) => {
    throw unavailable(errorCode(error) === 'ENOENT' ? 'there is none' : String(error), error)
  })
  if (!about.isSocket()) throw unavailable('it is not a socket')
  const socket = createConnection({ path, highWaterMark: 64 * 1024 } as { path: string })
  try {
    await connected(socket)
    return socket
  } catch (error) {
    socket.destroy()
    throw unavailable(String(error instanceof Error ? error.message : error), error)
  }
}

async function connected(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), connectTimeout)
    socket.once('connect', resolve).once('error', reject)
    socket.once('connect', () => clearTimeout(timer)).once('error', () => clearTimeout(timer))
  })
}

/** Lets one user in at a time, because QEMU's serial socket takes one connection. */
export function createConsoles(): (key: ObjectKey, path: string) => Promise<Duplex> {
  const open = new Map<ObjectKey, Duplex>()
  return async (key, path) => {
    if (open.get(key)?.destroyed === false) {
      throw new GitvirtError({
        code: 'ConsoleBusy',
        message: 'Somebody else has this console open.',
        action: 'Ask them to leave it.',
        object: key,
      })
    }
    const stream = await openSocket(path, key)
    open.set(key, stream)
    stream.once('close', () => {
      if (open.get(key) === stream) open.delete(key)
    })
    return stream
  }
}
