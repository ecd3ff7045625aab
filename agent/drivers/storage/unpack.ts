import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { writeAll } from './append-writer.ts'
import type { Wrapper } from './detect.ts'
import { isFull, noSpace, tooLarge } from './download.ts'

export type UnpackJob = {
  readonly wrapper: Wrapper
  readonly from: string
  readonly to: string
  /** The output may have no more; that is what stops a decompression bomb. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

const zeroBlock = Buffer.alloc(2 ** 20)
const xzMemory = '512MiB'

/**
 * Unpacks one wrapper; stretches of zeros become holes.
 * @throws GitvirtError `ErrNoSpace`; for good: `ImageTooLarge`, `CorruptImage`
 */
export async function unpack(job: UnpackJob): Promise<void> {
  const output = job.wrapper === 'xz' ? xzStream(job) : zlibStream(job)
  const file = await open(job.to, 'w', 0o600)
  let at = 0
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      if (at + chunk.length > job.maxBytes) throw tooLarge(at + chunk.length, job.maxBytes)
      await writeSparse(file, chunk, at)
      at += chunk.length
    }
    await file.truncate(at)
  } catch (error) {
    if (isFull(error)) throw noSpace(dirname(job.to), 'the file system is full')
    throw isCorrupt(error) ? corrupt(job.wrapper, error) : error
  } finally {
    output.destroy()
    await file.close()
  }
}

async function writeSparse(file: FileHandle, chunk: Buffer, at: number): Promise<void> {
  const isZero = chunk.length <= zeroBlock.length && chunk.equals(zeroBlock.subarray(0, chunk.length))
  if (!isZero) await writeAll(file, [chunk], at)
}

function zlibStream(job: UnpackJob): Readable {
  const input = createReadStream(job.from, { highWaterMark: 2 ** 20, signal: job.signal })
  const options = { chunkSize: 2 ** 18 }
  const output = job.wrapper === 'gz' ? createGunzip(options) : createZstdDecompress(options)
  input.once('error', (error) => output.destroy(error))
  output.once('close', () => input.destroy())
  return input.pipe(output)
}

function xzStream(job: UnpackJob): Readable {
  const child = spawn('xz', ['--decompress', '--stdout', `--memlimit-decompress=${xzMemory}`, '--', job.from], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: job.signal,
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-500)))
  // The end of the output is held back until the exit code is known: a truncated stream must not pass for a whole one.
  const output = child.stdout
  child.once('error', (error) => output.destroy(error))
  return withExit(child, () => words.trim())
}

function withExit(child: ReturnType<typeof spawn>, words: () => string): Readable {
  const ended = new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, by) => resolve({ code, by })),
  )
  const stdout = child.stdout
  async function* read(): AsyncGenerator<Buffer> {
    if (stdout === null) return
    try {
      for await (const chunk of stdout) yield chunk as Buffer
      const { code, by } = await ended
      // Who was killed has not judged the image.
      if (by !== null) throw new GitvirtError({ code: 'CommandFailed', message: `xz failed (signal ${by}): ${words()}` })
      if (code !== 0) throw Object.assign(new Error(words()), { code: 'Z_XZ_ERROR' })
    } finally {
      child.kill('SIGKILL')
    }
  }
  return Readable.from(read(), { objectMode: false, highWaterMark: 2 ** 20 })
}

function isCorrupt(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_|ERR_ZLIB|ERR_BUFFER_TOO_LARGE)/.test(String(error.code))
}

function corrupt(wrapper: Wrapper, cause: unknown): GitvirtError {
  return new GitvirtError({
    code: 'CorruptImage',
    message: `The image's ${wrapper} wrapper is damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
    action: 'Publish the image again; give a checksum to tell a damaged download from a damaged image.',
    terminal: true,
    cause,
  })
}
