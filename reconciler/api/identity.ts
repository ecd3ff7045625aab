import type { IncomingMessage } from 'node:http'
import type { PeerCertificate, TLSSocket } from 'node:tls'

export type Identity = { readonly name: string; readonly groups: readonly string[] }

export type IdentityPorts = {
  /** Whose bearer token this is. */
  readonly token: (token: string) => { readonly name: string; readonly groups: readonly string[] } | undefined
  readonly isRevoked: (certificate: { readonly serial: string; readonly fingerprint: string }) => boolean
}

/**
 * Who sends a request: the subject of a client certificate of our authority (CN the name, O the groups, as in Kubernetes), else a bearer
 * token. Undefined: nobody that we know.
 */
export function identify(request: IncomingMessage, ports: IdentityPorts): Identity | undefined {
  return fromCertificate(request.socket as TLSSocket, ports) ?? fromToken(request.headers.authorization, ports)
}

function fromCertificate(socket: TLSSocket, { isRevoked }: IdentityPorts): Identity | undefined {
  if (!socket.authorized) return undefined
  const certificate = socket.getPeerCertificate()
  const name = one(certificate.subject?.CN)
  if (name === undefined || isRevoked(fingerprints(certificate))) return undefined
  return { name, groups: all(certificate.subject.O) }
}

/** As the revocation list writes them: lower-case hex without colons. */
function fingerprints(certificate: PeerCertificate): { serial: string; fingerprint: string } {
  return { serial: certificate.serialNumber.toLowerCase(), fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase() }
}

function fromToken(header: string | undefined, { token }: IdentityPorts): Identity | undefined {
  const match = /^Bearer ([\w.~+/=-]{16,512})$/.exec(header ?? '')
  const known = match?.[1] === undefined ? undefined : token(match[1])
  return known === undefined ? undefined : { name: known.name, groups: known.groups }
}

/** A subject with one field twice has an array. */
function all(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat()
}

function one(value: string | string[] | undefined): string | undefined {
  return all(value)[0]
}
