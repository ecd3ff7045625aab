import { constants, open, type FileHandle } from 'node:fs/promises'
import { pathsOf, type Session } from '../session.ts'
import { writePrivateFile } from '../../../../reconciler/lib/private-file.ts'

/** A console log is cut when it is longer than this; the last part stays in `<log>.1`. */
const mostBytes = 1024 * 1024
const keptBytes = 256 * 1024

/**
 * Keeps the console logs small: a guest may write without end. libvirt opens them to append, so the file is cut in place.
 */
export async function trimConsoleLogs(session: Session): Promise<void> {
  for (const record of session.records.all()) {
    const path = pathsOf(session, record.machine.uid).consoleLog
    try {
      await trimLog(path)
    } catch (error) {
      session.context.log.warn({ key: record.machine.key, error: String(error) }, 'The console log cannot be cut.')
    }
  }
}

export async function trimLog(path: string): Promise<void> {
  // The folder belongs to QEMU's user, so a link could lead anywhere.
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => undefined)
  if (file === undefined) return
  try {
    const { size } = await file.stat()
    if (size <= mostBytes) return
    await writePrivateFile(`${path}.1`, await tail(file, size))
    await file.truncate(0)
  } finally {
    await file.close()
  }
}

async function tail(file: FileHandle, size: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(keptBytes)
  const { bytesRead } = await file.read(buffer, 0, keptBytes, size - keptBytes)
  return buffer.subarray(0, bytesRead)
}
