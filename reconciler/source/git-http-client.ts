import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git'
import { fetch } from 'undici'
import { GitvirtError } from '../lib/errors.ts'

export type GitHttpLimits = { readonly maxBytes: number; readonly signal: AbortSignal; readonly authorization: string | undefined }

/**
 * isomorphic-git's HTTP port with a cap on bytes and time. fetch() drops the Authorization header when a redirect
 * leads to another origin (WHATWG Fetch, HTTP-redirect fetch).
 */
export function createGitHttpClient(limits: GitHttpLimits): HttpClient {
  return {
    request: async (request: GitHttpRequest): Promise<GitHttpResponse> => {
      const body = request.body === undefined ? undefined : Buffer.concat(await Array.fromAsync(request.body))
      const authorization = limits.authorization === undefined ? {} : { authorization: limits.authorization }
      const response = await fetch(request.url, {
        method: request.method ?? 'GET',
        headers: { ...request.headers, ...authorization },
        signal: limits.signal,
        ...(body === undefined ? {} : { body }),
      })
      return {
        url: response.url,
        method: request.method ?? 'GET',
        statusCode: response.status,
        statusMessage: response.statusText,
        headers: Object.fromEntries(response.headers),
        body: capped(response.body ?? [], limits.maxBytes),
      }
    },
  }
}

async function* capped(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number): AsyncIterableIterator<Uint8Array> {
  let total = 0
  for await (const chunk of body) {
    total += chunk.length
    if (total > maxBytes) {
      throw new GitvirtError({
        code: 'FetchTooLarge',
        message: `The repository sent more than ${maxBytes} bytes.`,
        action: 'Remove large files from the history, track another repository, or raise the cap on fetched bytes.',
      })
    }
    yield chunk
  }
}
