import { createHash, type Hash } from 'node:crypto'
import { mkdir, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { request as send, type Agent, type Dispatcher } from 'undici'
import { GitvirtError, errorCode } from '../../../reconciler/lib/errors.ts'
import { checkUrl } from './address-guard.ts'
import { AppendWriter } from './append-writer.ts'
import { bootId } from './boot.ts'
import { hashFile, type Checksum } from './checksum.ts'
import { readJson, writeJson } from './records.ts'
import { createAgent, showUrl, type SourceRequest } from './request.ts'

/** What the server said about a version of the image. */
export type Validators = { readonly etag?: string; readonly lastModified?: string }

export type DownloadJob = {
  readonly request: SourceRequest
  /** The partial file; `<file>.json` beside it says which version it is a part of. */
  readonly file: string
  readonly checksum: Checksum | undefined
  readonly maxBytes: number
  /** Milliseconds without a byte after which the transfer is given up. */
  readonly idle: number
  /** A complete copy we have; unchanged, nothing is transferred. */
  readonly known?: Validators
  readonly signal: AbortSignal
  readonly onProgress: (fraction: number) => void
}

export type DownloadResult = { readonly unchanged: boolean; readonly validators: Validators; readonly bytes: number }

type Answer = { readonly response: Dispatcher.ResponseData; readonly agent: Agent; readonly url: URL }
type Partial = Validators & { readonly url: string; readonly total?: number; readonly boot?: string }

const maxRedirects = 10
/** Source: Node's documentation of tls, "X509 certificate error codes", and of errors, ERR_TLS_CERT_ALTNAME_INVALID. */
const isUntrusted =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|INVALID_(?:CA|PURPOSE)|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/

/**
 * Fetches the image to the partial file, from where an earlier try ended if the server still has the same version
 * (RFC 9110, Range and If-Range), and checks the downloaded bytes.
 * @throws GitvirtError `HttpError`, `CertificateNotTrusted`, `TransferFailed`, `TransferTruncated`, `ErrNoSpace`; for good: `ChecksumMismatch`, `ImageTooLarge`, `SourceNotAllowed`
 */
export async function download(job: DownloadJob): Promise<DownloadResult> {
  await mkdir(dirname(job.file), { recursive: true, mode: 0o700 })
  const start = await resumable(job)
  const answer = await follow(job, requestHeaders(job, start))
  try {
    const { statusCode, headers } = answer.response
    const validators = readValidators(headers)
    if (statusCode === 304) {
      await answer.response.body.dump()
      return { unchanged: true, validators: job.known ?? validators, bytes: 0 }
    }
    if (statusCode === 416 && start !== undefined) {
      await discard(job.file)
      throw new GitvirtError({ code: 'TransferFailed', message: `${showUrl(answer.url)} changed during the download.` })
    }
    const offset = statusCode === 206 && start !== undefined ? rangeStart(headers, start) : 0
    if (statusCode !== 200 && statusCode !== 206) throw await httpError(answer)
    const total = totalBytes(headers, offset)
    if (total !== undefined && total > job.maxBytes) throw tooLarge(total, job.maxBytes)
    await checkSpace(job.file, (total ?? 0) - offset)
    const boot = await bootId()
    await writeJson(`${job.file}.json`, { url: job.request.url.href, ...validators, boot, ...(total === undefined ? {} : { total }) })
    const bytes = await receive(job, answer.response.body, { offset, total })
    return { unchanged: false, validators, bytes }
  } catch (error) {
    throw transferError(job, error, answer.url)
  } finally {
    await answer.agent.destroy()
  }
}

/** Removes a partial file and its note. */
export async function discard(file: string): Promise<void> {
  await rm(file, { force: true })
  await rm(`${file}.json`, { force: true })
}

type Resume = { readonly size: number; readonly partial: Partial }

async function resumable(job: DownloadJob): Promise<Resume | undefined> {
  const size = (await stat(job.file).catch(() => undefined))?.size ?? 0
  const partial = (await readJson(`${job.file}.json`).catch(() => undefined)) as Partial | undefined
  const validator = partial?.etag ?? partial?.lastModified
  const isSame = partial?.url === job.request.url.href && validator !== undefined
  // The bytes of an earlier boot may have holes: unseen without a checksum, and with one they would fail a good image for good.
  if (size > 0 && partial !== undefined && isSame && partial.boot === (await bootId())) return { size, partial }
  await discard(job.file)
  return undefined
}

function requestHeaders(job: DownloadJob, start: Resume | undefined): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'gitvirt' }
  if (start !== undefined) {
    headers['range'] = `bytes=${start.size}-`
    headers['if-range'] = start.partial.etag ?? start.partial.lastModified ?? ''
  } else if (job.known?.etag !== undefined) headers['if-none-match'] = job.known.etag
  else if (job.known?.lastModified !== undefined) headers['if-modified-since'] = job.known.lastModified
  return headers
}

/** Follows redirects itself: each target is checked, and secrets go only to the origin they were meant for. */
async function follow(job: DownloadJob, own: Record<string, string>): Promise<Answer> {
  let { url } = job.request
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const secret = url.origin === job.request.url.origin ? job.request.headers : {}
    const agent = createAgent(job.request, url, job.idle)
    try {
      const response = await send(url, { dispatcher: agent, headers: { ...secret, ...own }, signal: job.signal })
      const { location } = response.headers
      if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== 'string') return { response, agent, url }
      const next = URL.parse(location, url)
      if (next === null)
        throw new GitvirtError({ code: 'HttpError', message: `${showUrl(url)} redirects to an address that cannot be parsed.` })
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        throw new GitvirtError({ code: 'UnsafeRedirect', message: `${showUrl(url)} redirects from https to http.`, terminal: true })
      }
      checkUrl(next, job.request.allowed)
      url = next
      await agent.destroy()
    } catch (error) {
      await agent.destroy()
      throw transferError(job, error, url)
    }
  }
  throw new GitvirtError({ code: 'HttpError', message: `${showUrl(job.request.url)} redirects more than ${maxRedirects} times.` })
}

async function receive(
  job: DownloadJob,
  body: Readable,
  part: { readonly offset: number; readonly total: number | undefined },
): Promise<number> {
  const hash = job.checksum === undefined ? undefined : createHash(job.checksum.algorithm)
  if (hash !== undefined && part.offset > 0) await hashFile(hash, job.file, { bytes: part.offset, signal: job.signal })
  const file = await open(job.file, part.offset > 0 ? 'r+' : 'w', 0o600)
  const writer = new AppendWriter(file, part.offset)
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (writer.end + chunk.length > job.maxBytes) throw tooLarge(writer.end + chunk.length, job.maxBytes)
      const writing = writer.add(chunk)
      hash?.update(chunk)
      if (part.total !== undefined) job.onProgress(writer.end / part.total)
      await writing
    }
    await writer.flush()
  } catch (error) {
    // What came before the break is kept for the next try.
    await writer.flush().catch(() => undefined)
    throw error
  } finally {
    await file.close()
  }
  if (part.total !== undefined && writer.end !== part.total) throw truncated(job, writer.end, part.total)
  await verify(job, hash)
  return writer.end
}

async function verify(job: DownloadJob, hash: Hash | undefined): Promise<void> {
  if (hash === undefined || job.checksum === undefined) return
  const actual = hash.digest('hex')
  if (actual === job.checksum.hex) return
  await discard(job.file)
  throw new GitvirtError({
    code: 'ChecksumMismatch',
    message: `The ${job.checksum.algorithm} of ${showUrl(job.request.url)} is ${actual}, not ${job.checksum.hex}.`,
    action: 'Correct the checksum or the URL in the DataVolume; the data was deleted.',
    terminal: true,
  })
}

/** Fails before the transfer where the file system has no room for it. */
async function checkSpace(file: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(file))
  if (bytes > bavail * bsize) throw noSpace(dirname(file), `${bytes} bytes are needed, ${bavail * bsize} are free`)
}

export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error))
}

export function noSpace(folder: string, words: string): GitvirtError {
  return new GitvirtError({
    code: 'ErrNoSpace',
    message: `There is not enough space in ${folder}: ${words}.`,
    action: 'Free space in the pool, or use a StorageClass of another pool; the import is tried again.',
  })
}

function readValidators(headers: Dispatcher.ResponseData['headers']): Validators {
  const { etag, 'last-modified': lastModified } = headers
  // A weak tag does not promise equal bytes, so it can neither resume nor stand for a copy.
  const strong = typeof etag === 'string' && !etag.startsWith('W/') ? { etag } : {}
  return { ...strong, ...(typeof lastModified === 'string' ? { lastModified } : {}) }
}

function rangeStart(headers: Dispatcher.ResponseData['headers'], start: Resume): number {
  const match = /^bytes (\d+)-/.exec(String(headers['content-range'] ?? ''))
  if (Number(match?.[1] ?? -1) !== start.size) {
    throw new GitvirtError({ code: 'TransferFailed', message: 'The server answered with another range than asked for.' })
  }
  return start.size
}

function totalBytes(headers: Dispatcher.ResponseData['headers'], offset: number): number | undefined {
  const length = headers['content-length']
  return typeof length === 'string' && /^\d+$/.test(length) ? Number(length) + offset : undefined
}

async function httpError(answer: Answer): Promise<GitvirtError> {
  const { statusCode, body } = answer.response
  await body.dump({ limit: 65_536 }).catch(() => undefined)
  const advice: Readonly<Record<number, string>> = {
    401: 'Check the secretRef of the DataVolume.',
    403: 'Check the secretRef of the DataVolume.',
    404: 'Check the URL of the DataVolume; the import is tried again.',
  }
  return new GitvirtError({
    code: statusCode === 404 ? 'ImageNotFound' : 'HttpError',
    message: `${showUrl(answer.url)} answered with HTTP ${statusCode}.`,
    action: advice[statusCode] ?? 'The import is tried again.',
  })
}

function transferError(job: DownloadJob, error: unknown, url: URL): unknown {
  if (error instanceof GitvirtError || job.signal.aborted) return error
  const code = errorCode(error)
  if (isFull(error)) return noSpace(dirname(job.file), 'the file system is full')
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof GitvirtError) return cause
  const words = error instanceof Error ? error.message : String(error)
  if (isUntrusted.test(code)) return untrusted(url, `${words} (${code})`, error)
  return new GitvirtError({
    code: code === 'UND_ERR_BODY_TIMEOUT' ? 'TransferStalled' : 'TransferFailed',
    message: `The download of ${showUrl(url)} failed: ${words} (${code}).`,
    action: 'The import is tried again and goes on where it ended.',
    cause: error,
  })
}

function untrusted(url: URL, words: string, cause: unknown): GitvirtError {
  return new GitvirtError({
    code: 'CertificateNotTrusted',
    message: `The certificate of ${showUrl(url)}'s server is not trusted: ${words}.`,
    action: "Put the certificate of the server's authority, PEM, into the ConfigMap that certConfigMap names; the import is tried again.",
    cause,
  })
}

function truncated(job: DownloadJob, got: number, total: number): GitvirtError {
  return new GitvirtError({
    code: 'TransferTruncated',
    message: `${showUrl(job.request.url)} ended after ${got} of ${total} bytes.`,
    action: 'The import is tried again and goes on where it ended.',
  })
}

export function tooLarge(bytes: number, cap: number): GitvirtError {
  return new GitvirtError({
    code: 'ImageTooLarge',
    message: `The image has ${bytes} bytes or more; the volume has room for ${cap}.`,
    action: 'Ask for a larger volume.',
    terminal: true,
  })
}
