import { rootCertificates } from 'node:tls'
import { Agent } from 'undici'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import type { DataVolumeSourceHTTP } from '../../../schemas/generated/data-volume.ts'
import type { InputData } from '../types.ts'
import { checkUrl, isAllowedSource, sourceLookup } from './address-guard.ts'

/** What one import sends; the headers may hold secrets and are dropped when a redirect leads elsewhere. */
export type SourceRequest = {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly ca: readonly string[] | undefined
  readonly insecure: boolean
  readonly allowed: readonly string[]
}

const maxHeaders = 64
/** Source: PEM_read_bio_X509(3). */
const pemCertificate = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/

/**
 * Puts the request together: Basic from the secret's accessKeyId and secretKey, header lines, certificates.
 * Source of the keys: CDI's DataVolume documentation.
 * @throws GitvirtError `InvalidUrl`, `SourceNotAllowed`, `SecretNotFound`, `ConfigMapNotFound`, `InvalidCertificate`, `InvalidHeader`
 */
export function buildRequest(
  source: DataVolumeSourceHTTP,
  where: { readonly namespace: string; readonly allowed: readonly string[]; readonly data: InputData },
): SourceRequest {
  const url = URL.parse(source.url)
  if (url === null) throw terminal('InvalidUrl', 'The image URL cannot be parsed.')
  checkUrl(url, where.allowed)
  const headers: Record<string, string> = {}
  if (url.username !== '' || url.password !== '') {
    headers['authorization'] = basic(decodeURIComponent(url.username), decodeURIComponent(url.password))
    url.username = ''
    url.password = ''
  }
  if (source.secretRef !== undefined) {
    const secret = decodeAll(where.data.secrets[`Secret/${where.namespace}/${source.secretRef}`], `Secret ${source.secretRef}`)
    headers['authorization'] = basic(secret.get('accessKeyId') ?? '', secret.get('secretKey') ?? '')
  }
  for (const line of source.extraHeaders ?? []) addHeader(headers, line)
  for (const name of source.secretExtraHeaders ?? []) {
    for (const line of decodeAll(where.data.secrets[`Secret/${where.namespace}/${name}`], `Secret ${name}`).values())
      addHeader(headers, line)
  }
  return { url, headers, ca: readCa(source, where), insecure: source.insecureSkipVerify === true, allowed: where.allowed }
}

/** A dispatcher for one host; close it after use. */
export function createAgent(request: SourceRequest, url: URL, idle: number): Agent {
  return new Agent({
    headersTimeout: idle,
    bodyTimeout: idle,
    connectTimeout: Math.min(idle, 30_000),
    connections: 1,
    maxResponseSize: -1,
    connect: {
      lookup: sourceLookup(isAllowedSource(url, request.allowed)),
      rejectUnauthorized: !request.insecure,
      ...(request.ca === undefined ? {} : { ca: [...request.ca] }),
    },
  })
}

/** The URL without query and credentials, for messages: signed links carry secrets there. */
export function showUrl(url: URL): string {
  return `${url.origin}${url.pathname}`
}

function readCa(source: DataVolumeSourceHTTP, where: { readonly namespace: string; readonly data: InputData }): string[] | undefined {
  if (source.certConfigMap === undefined) return undefined
  const map = decodeAll(where.data.configMaps[`ConfigMap/${where.namespace}/${source.certConfigMap}`], `ConfigMap ${source.certConfigMap}`)
  // Other keys are let be, but a map without any certificate would only show as a server that is not trusted.
  if (![...map.values()].some((text) => pemCertificate.test(text)))
    throw terminal('InvalidCertificate', `The ConfigMap ${source.certConfigMap} holds no certificate (PEM).`)
  return [...rootCertificates, ...map.values()]
}

function decodeAll(entries: Readonly<Record<string, string>> | undefined, name: string): Map<string, string> {
  if (entries === undefined) {
    const code = name.startsWith('Secret') ? 'SecretNotFound' : 'ConfigMapNotFound'
    throw terminal(code, `The ${name} that the image source names is not there.`)
  }
  return new Map(Object.entries(entries).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
}

function addHeader(headers: Record<string, string>, line: string): void {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/.exec(line.trim())
  const name = match?.[1]?.toLowerCase()
  // Range and length headers are ours: they decide which bytes come.
  if (
    match === null ||
    name === undefined ||
    Object.keys(headers).length >= maxHeaders ||
    /^(?:host|range|if-.*|content-length|transfer-encoding)$/.test(name)
  ) {
    throw terminal('InvalidHeader', `An extra header of the image source is not of the form "Name: value", or may not be set.`)
  }
  headers[name] = match[2] ?? ''
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function terminal(code: string, message: string): GitvirtError {
  return new GitvirtError({ code, message, action: 'Mend the DataVolume or what it refers to.', terminal: true })
}
