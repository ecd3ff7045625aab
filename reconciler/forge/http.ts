import { readFile } from 'node:fs/promises'
import { fetch } from 'undici'
import { GitvirtError } from '../lib/errors.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A forge's API by JSON, with bounded time and size. */
export type ForgeHttp = {
  call<T>(method: Method, path: string, body?: unknown): Promise<T>
  /**
   * All pages of a list, at most `most` entries. Pages are asked for by number, which all three forges take; whether there is another
   * one their `Link` header tells (RFC 8288). A page may be shorter than it was asked for, and a list without pages is whole: Gitea's
   * comments of an issue.
   */
  pages<T>(path: string, most: number): Promise<T[]>
}

export type HttpOptions = {
  readonly api: string
  readonly tokenFile: string
  readonly headers: (token: string) => Readonly<Record<string, string>>
  /** Name of the parameter that tells a page's length. */
  readonly pageSize: 'per_page' | 'limit'
}

const timeoutMs = 20_000
const mostBytes = 8 * 2 ** 20
const entriesOfPage = 50

export function createForgeHttp(options: HttpOptions): ForgeHttp {
  const call: ForgeHttp['call'] = async <T>(method: Method, path: string, body?: unknown) => {
    const { text } = await send(options, { method, path, body })
    return (text === '' ? undefined : parse(text, path)) as T
  }
  return {
    call,
    pages: async <T>(path: string, most: number) => {
      const all: T[] = []
      for (let page = 1; all.length < most; page += 1) {
        const joint = path.includes('?') ? '&' : '?'
        const query = `${options.pageSize}=${entriesOfPage}&page=${page}`
        const { text, more } = await send(options, { method: 'GET', path: `${path}${joint}${query}`, body: undefined })
        const part = parse(text, path)
        if (!Array.isArray(part)) throw failed(path, 'the answer is not a list')
        all.push(...(part as T[]))
        if (!more || part.length === 0) break
      }
      return all.slice(0, most)
    },
  }
}

type Call = { readonly method: Method; readonly path: string; readonly body: unknown }
type Answer = { readonly text: string; /** The list goes on. */ readonly more: boolean }

async function send(options: HttpOptions, { method, path, body }: Call): Promise<Answer> {
  const token = (await readFile(options.tokenFile, 'utf8')).trim()
  const headers = { accept: 'application/json', 'user-agent': 'gitvirt', ...options.headers(token) }
  const content = body === undefined ? {} : { body: JSON.stringify(body) }
  let response: Awaited<ReturnType<typeof fetch>>
  try {
    response = await fetch(`${options.api.replace(/\/+$/, '')}${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      // A redirect would carry the token to wherever it points.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...content,
    })
  } catch (error) {
    throw failed(path, wordsOf(error), error)
  }
  const text = await readBounded(response, path)
  if (response.ok) return { text, more: hasNext(response.headers.get('link')) }
  throw refusal(response, path, text)
}

/** Only whether there is one: its address is the forge's word, and the token goes to nobody else. */
function hasNext(link: string | null): boolean {
  return /;\s*rel="?next"?/i.test(link ?? '')
}

/** undici says "fetch failed" and keeps the reason as its cause. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

async function readBounded(response: Awaited<ReturnType<typeof fetch>>, path: string): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > mostBytes) throw failed(path, `the answer is longer than ${mostBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw failed(path, 'the answer is not JSON', cause)
  }
}

function failed(path: string, words: string, cause?: unknown): GitvirtError {
  const message = `The forge's API ${path.split('?')[0] ?? ''} failed: ${words}`
  return new GitvirtError({ code: 'ForgeFailed', message, action: 'Check --forge-api, and that it can be reached from here.', cause })
}

const longestWords = 300

function refusal(response: Awaited<ReturnType<typeof fetch>>, path: string, text: string): GitvirtError {
  const { status } = response
  const words = text.slice(0, longestWords).replaceAll(/\s+/g, ' ')
  const limited = status === 429 || (status === 403 && response.headers.get('x-ratelimit-remaining') === '0')
  const message = `The forge's API ${path.split('?')[0] ?? ''} answered ${status}: ${words}`
  if (limited) return new GitvirtError({ code: 'ForgeBusy', message, action: 'It is tried again later.' })
  if (status === 401 || status === 403 || status === 404) {
    return new GitvirtError({
      code: 'ForgeRefused',
      message,
      action: 'Check the token of --forge-token-file, its rights, and --forge-repo.',
    })
  }
  return new GitvirtError({ code: 'ForgeFailed', message })
}
