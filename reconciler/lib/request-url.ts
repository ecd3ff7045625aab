/** Only the path and the query of a request count here; the name of the server does not. */
const base = 'https://localhost'

/**
 * The target of a request as a URL. What is no URL, such as `//`, becomes the root path, which no protocol of ours serves:
 * a stranger's request must never throw inside a listener.
 */
export function requestUrl(target: string | undefined): URL {
  return URL.parse(target ?? '/', base) ?? new URL('/', base)
}
