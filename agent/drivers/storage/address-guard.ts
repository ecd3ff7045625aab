import { isIP, type LookupFunction } from 'node:net'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { guardedLookup, isInternalAddress } from '../../../reconciler/lib/internal-address.ts'

/** True where the list names this host, or host and port. */
export function isAllowedSource(url: URL, allowed: readonly string[]): boolean {
  const host = url.hostname.toLowerCase()
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return allowed.some((entry) => [host, host.replace(/^\[|\]$/g, ''), `${host}:${port}`].includes(entry.toLowerCase()))
}

/**
 * Checks an address that stands in the URL itself.
 * @throws GitvirtError `SourceNotAllowed`, `InvalidUrl`
 */
export function checkUrl(url: URL, allowed: readonly string[]): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new GitvirtError({
      code: 'InvalidUrl',
      message: `Images are fetched by http and https only, not ${url.protocol}`,
      terminal: true,
    })
  }
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && isInternalAddress(literal) && !isAllowedSource(url, allowed)) throw notAllowed(url.hostname, literal)
}

/** A name look-up for the connection itself: see `guardedLookup`. */
export function sourceLookup(allowed: boolean): LookupFunction {
  return guardedLookup(allowed, notAllowed)
}

function notAllowed(host: string, address: string): GitvirtError {
  return new GitvirtError({
    code: 'SourceNotAllowed',
    message: `The image's host ${host} has the internal address ${address}.`,
    action: "List the host under the Fleet's allowed image sources if this is meant.",
    terminal: true,
  })
}
